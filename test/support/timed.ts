/** For tests that measure how long something takes: the machine may be busy with something else for a moment, but not three times. */
export const TIMED = { retry: 2 };
