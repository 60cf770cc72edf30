/** @file Minutes after which a window that nobody touches may lock; 0 = never. */
export const LOCK_MINUTES = [0, 1, 2, 5, 10, 15, 30, 60] as const;
