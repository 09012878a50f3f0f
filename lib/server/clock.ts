/** The only place of the admin that reads the time: what needs it takes a clock, so that a test can set one. */
export type Clock = () => Date

export const systemClock: Clock = () => new Date()
