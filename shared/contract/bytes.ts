/**
 * @file The byte route: one fetch-style handler serves it over app:// and over loopback. RPC never carries bytes.
 * GET  bytes/film/<filmId>/frame/<n>            stored pixels, little-endian (see viewerImage.elementType)
 * GET  bytes/film/<filmId>/colour/<n>           8-bit red, green, blue of a frame of a colour film
 * GET  bytes/film/<filmId>/overlay/<n>/<plane>  bits of an overlay plane of a frame (see overlayPlane)
 * GET  bytes/film/<filmId>/thumbnail            PNG, long side 160 px
 * GET  bytes/film/<filmId>/preview              JPEG of a large film, long side 1600 px (see filmPreview)
 * GET  bytes/film/<filmId>/input/<resolution>   PNG of what a model sees at 224/112/56/28
 * GET  bytes/run/<runId>/first-batch            PNG
 * GET  bytes/run/<runId>/weights/<app|hf|timm>     safetensors
 * GET  bytes/run/<runId>/attention/<filmId>/<method>[?head=&target=]   PNG overlay, 224 px, transparent
 * GET  bytes/report/<sha256>                    self-contained HTML; of a study's table also CSV, JSON, LaTeX
 * GET  bytes/figure/<sha256>.<png|pdf>          attention figure
 * GET  bytes/export/<exportId>/<file>           a file of an export, to save
 * GET  bytes/support/bundle                    zip for whoever helps: doctor's report, log, configurations, no identity
 * POST bytes/upload/<uploadId>/<relative path>  one file of an upload that import can name; 201
 */

/** Key layouts of exported weights: the product's, Hugging Face's, timm's. */
export const WEIGHTS_LAYOUTS = ['app', 'hf', 'timm'] as const;
export type WeightsLayout = (typeof WEIGHTS_LAYOUTS)[number];

export const byteRoutes = {
  frame: (filmId: string, frame: number) => `bytes/film/${filmId}/frame/${frame}`,
  colour: (filmId: string, frame: number) => `bytes/film/${filmId}/colour/${frame}`,
  overlay: (filmId: string, frame: number, plane: number) => `bytes/film/${filmId}/overlay/${frame}/${plane}`,
  thumbnail: (filmId: string) => `bytes/film/${filmId}/thumbnail`,
  preview: (filmId: string) => `bytes/film/${filmId}/preview`,
  input: (filmId: string, resolution: number) => `bytes/film/${filmId}/input/${resolution}`,
  firstBatch: (runId: string) => `bytes/run/${runId}/first-batch`,
  weights: (runId: string, layout: WeightsLayout) => `bytes/run/${runId}/weights/${layout}`,
  report: (sha256: string) => `bytes/report/${sha256}`,
  figure: (sha256: string, format: string) => `bytes/figure/${sha256}.${format}`,
  export: (exportId: string, name: string) => `bytes/export/${exportId}/${encodeURIComponent(name)}`,
  support: () => 'bytes/support/bundle',
  upload: (uploadId: string, path: string) =>
    `bytes/upload/${uploadId}/${path.split('/').map(encodeURIComponent).join('/')}`,
} as const;
