/** @file The app's logs in a library's folder, newest first: main/node writes and turns them over, the support bundle takes them. */

export const LOG_NAME = 'chestlight.log';
/** Logs that were full, `.1` the newest of them. */
export const KEPT_LOGS = 3;

export const APP_LOGS: readonly string[] = [
  LOG_NAME,
  ...Array.from({ length: KEPT_LOGS }, (_, index) => `${LOG_NAME}.${index + 1}`),
];
