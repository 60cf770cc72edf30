/** @file Loads a module of resources/setup: plain JavaScript without types, so each test names the shape it uses. */

export async function setupModule<Shape>(name: string): Promise<Shape> {
  const { href } = new URL(`../../resources/setup/${name}.mjs`, import.meta.url);
  return (await import(/* @vite-ignore */ href)) as Shape;
}
