/** @file Draws films at random: the same films for the same seed, in whatever order they are given. */
import type { FilmId } from '../../../../../shared/domain/ids.ts';

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  // The last characters alone would decide the low bits; the mix spreads them (Murmur3's finaliser).
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** `count` of the films, or all when there are fewer. */
export function drawFilms(films: readonly FilmId[], count: number, seed: number): readonly FilmId[] {
  return films
    .map((id) => ({ id, rank: hashOf(`${seed} ${id}`) }))
    .sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1))
    .slice(0, count)
    .map(({ id }) => id);
}
