/** The build, for people: in the lease and in the log. The bundle holds no package.json to read it from. */
export const VERSION = '0.1.0'
