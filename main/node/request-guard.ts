/**
 * @file Who may talk to the loopback host: a pure decision over Host × Origin × session. Exactly one cell is legal for
 * everything that acts; pages and images are also served to requests that carry no Origin, as browsers send them.
 */

export type RouteKind = 'page' | 'session' | 'bytes' | 'rpc';

export interface RequestFacts {
  readonly route: RouteKind;
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** Sec-Fetch-Site, which browsers set and pages cannot forge. */
  readonly fetchSite: string | undefined;
  /** Sec-Fetch-Dest. */
  readonly fetchDest: string | undefined;
  /** The request carries a session cookie that we gave out. */
  readonly hasSession: boolean;
}

export interface Refusal {
  readonly status: 401 | 403;
  readonly message: string;
}

/** Null = may pass. `port` is the one we listen on. */
export function judgeRequest(facts: RequestFacts, port: number): Refusal | null {
  // A foreign Host is a rebound DNS name: the browser believes that it talks to another site.
  if (facts.host !== `127.0.0.1:${port}`) return forbidden('This address is not served here.');
  if (!originFits(facts, `http://127.0.0.1:${port}`))
    return forbidden('Requests from other pages are refused.');
  if (!siteFits(facts)) return forbidden('Requests from other sites are refused.');
  if ((facts.route === 'bytes' || facts.route === 'rpc') && !facts.hasSession) {
    return {
      status: 401,
      message: 'This window has no session. Start Chestlight again and use the address it opens.',
    };
  }
  return null;
}

function forbidden(message: string): Refusal {
  return { status: 403, message };
}

function originFits(facts: RequestFacts, own: string): boolean {
  if (facts.origin === own) return true;
  const onlyReads = facts.method === 'GET' || facts.method === 'HEAD';
  return facts.origin === undefined && onlyReads && facts.route !== 'rpc' && facts.route !== 'session';
}

function siteFits(facts: RequestFacts): boolean {
  if (facts.fetchSite === undefined || facts.fetchSite === 'same-origin') return true;
  if (facts.route !== 'page') return false;
  // Typed or opened by another program; a link elsewhere may open the page itself, which holds nothing yet.
  return facts.fetchSite === 'none' || facts.fetchDest === 'document';
}
