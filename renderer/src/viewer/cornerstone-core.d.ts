/** @file The few parts of cornerstone-core 2.6 that the viewer uses; the package has no types of its own. */
declare module 'cornerstone-core' {
  export interface EnabledElement {
    readonly element: HTMLElement;
    readonly canvas: HTMLCanvasElement;
    readonly image?: CornerstoneImage;
  }

  export interface CornerstoneImage {
    readonly imageId: string;
    readonly minPixelValue: number;
    readonly maxPixelValue: number;
    readonly slope: number;
    readonly intercept: number;
    readonly windowCenter: number;
    readonly windowWidth: number;
    readonly rows: number;
    readonly columns: number;
    readonly height: number;
    readonly width: number;
    readonly color: boolean;
    readonly rowPixelSpacing: number;
    readonly columnPixelSpacing: number;
    readonly invert: boolean;
    readonly sizeInBytes: number;
    getPixelData(): ArrayLike<number>;
    /** Draws the image instead of cornerstone's own renderer. */
    render(enabled: EnabledElement, invalidated: boolean): void;
  }

  interface Cornerstone {
    enable(element: HTMLElement): void;
    disable(element: HTMLElement): void;
    displayImage(element: HTMLElement, image: CornerstoneImage): void;
    resize(element: HTMLElement, forceFitToWindow?: boolean): void;
    updateImage(element: HTMLElement, invalidated?: boolean): void;
    loadAndCacheImage(imageId: string): Promise<CornerstoneImage>;
    registerImageLoader(
      scheme: string,
      loader: (imageId: string) => { promise: Promise<CornerstoneImage>; cancelFn?: () => void },
    ): void;
    readonly imageCache: {
      readonly cachedImages: readonly { readonly imageId: string; readonly loaded: boolean }[];
      setMaximumSizeBytes(bytes: number): void;
    };
  }

  const cornerstone: Cornerstone;
  export default cornerstone;
}
