/** @file Svelte settings that the build, the editor and svelte-check share. */

/** @type {import('@sveltejs/vite-plugin-svelte').SvelteConfig} */
export default {
  compilerOptions: { warningFilter: (warning) => !warning.filename?.includes('node_modules') },
};
