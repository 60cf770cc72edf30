/** @file Response headers of everything that is served to the window, over loopback and over app:// alike. */

/**
 * Content Security Policy of the window. `connect` lists what fetch and WebSocket may reach. Styles may be inline because
 * Svelte and the viewer set element styles; scripts may not. WebAssembly is allowed for the image decoders.
 */
export function contentSecurityPolicy(connect: readonly string[]): string {
  return [
    `default-src 'none'`,
    `script-src 'self' 'wasm-unsafe-eval'`,
    `style-src 'self' 'unsafe-inline'`,
    `img-src 'self' blob: data:`,
    `font-src 'self'`,
    `connect-src ${connect.join(' ')}`,
    `worker-src 'self' blob:`,
    `frame-src 'self'`,
    `manifest-src 'self'`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'self'`,
    `object-src 'none'`,
  ].join('; ');
}

/** A report is a document of its own: no scripts, no connections, only what is inside it. */
export const REPORT_POLICY =
  `default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; ` +
  `form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-modals`;

/** Headers of every answer, whatever it is. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy':
    'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), midi=(), payment=()',
};

/** `response` with the common headers and, unless it brought its own, the window's policy. */
export function withSecurityHeaders(response: Response, connect: readonly string[]): Response {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(COMMON_HEADERS)) headers.set(name, value);
  if (!headers.has('content-security-policy')) {
    headers.set('content-security-policy', contentSecurityPolicy(connect));
  }
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
