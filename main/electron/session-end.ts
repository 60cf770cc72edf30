/**
 * @file What the app does when the computer sleeps, shuts down or the person signs out: a run at work is saved, the library closed,
 * nothing asked. The kinds of Electron that this needs stand here, so that it is tested without Electron.
 */

/** The events of Electron's `powerMonitor` (shutdown: Linux, macOS) and of its windows (session-end: Windows). */
export interface Preventable {
  preventDefault(): void;
}
export interface PowerEvents {
  on(event: 'suspend' | 'resume', listener: () => void): unknown;
  on(event: 'shutdown', listener: (event: Preventable) => void): unknown;
}
export interface SessionEvents {
  on(event: 'query-session-end', listener: (event: Preventable) => void): unknown;
  on(event: 'session-end', listener: () => void): unknown;
}

export interface SessionEndEffects {
  /** Asks a run at work for a checkpoint; it goes on. */
  keepNow(): Promise<unknown>;
  /** Pauses what is at work at a checkpoint, closes the library, ends the app. */
  leave(why: string): void;
  isBusy(): boolean;
  note(what: string): void;
}

export function followSession(power: PowerEvents, window: SessionEvents, effects: SessionEndEffects): void {
  power.on('suspend', () => {
    effects.note('the computer goes to sleep');
    // The battery may end before the sleep does.
    effects.keepNow().catch(() => effects.note('no checkpoint could be asked for'));
  });
  power.on('resume', () => effects.note('the computer is awake again'));
  power.on('shutdown', (event) => {
    // Held up for as long as the system allows: the checkpoint is written meanwhile.
    event.preventDefault();
    effects.leave('the computer shuts down');
  });
  window.on('query-session-end', (event) => {
    if (effects.isBusy()) event.preventDefault();
    effects.leave('the session ends');
  });
  window.on('session-end', () => effects.leave('the session has ended'));
}
