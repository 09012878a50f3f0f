// Stands in for the package `server-only` under vitest: importing it is no error there.
export {}
