/** @file Launch tokens (good once) and the sessions they open. Only hashes are kept. The loopback host owns one of these. */
import { createHash, randomBytes } from 'node:crypto';

const MAX_SESSIONS = 32;
const MAX_TOKENS = 32;

export class Sessions {
  readonly #cookieName: string;
  readonly #tokens = new Set<string>();
  readonly #sessions = new Set<string>();

  /** Cookies are shared by all ports of a host, so the port is part of the name. */
  constructor(port: number) {
    this.#cookieName = `chestlight-${port}`;
  }

  /** A new launch token: 256 random bits, good for one exchange. */
  issueToken(): string {
    return issue(this.#tokens, MAX_TOKENS);
  }

  /** Set-Cookie value for a token that has not been used yet, else null. */
  exchange(token: string): string | null {
    if (!this.#tokens.delete(hash(token))) return null;
    return `${this.#cookieName}=${issue(this.#sessions, MAX_SESSIONS)}; HttpOnly; SameSite=Strict; Path=/`;
  }

  /** True when a Cookie header carries one of our sessions. */
  accepts(cookieHeader: string | undefined): boolean {
    const prefix = `${this.#cookieName}=`;
    return (cookieHeader ?? '')
      .split(';')
      .map((pair) => pair.trim())
      .some((pair) => pair.startsWith(prefix) && this.#sessions.has(hash(pair.slice(prefix.length))));
  }
}

/** Adds a fresh secret's hash; the oldest leaves when there are too many (sets keep insertion order). */
function issue(hashes: Set<string>, limit: number): string {
  const secret = randomBytes(32).toString('base64url');
  hashes.add(hash(secret));
  for (const oldest of hashes) {
    if (hashes.size <= limit) break;
    hashes.delete(oldest);
  }
  return secret;
}

/** Looking up a hash leaks nothing about the secret through time. */
function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
