import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('.', import.meta.url)).replace(/\/$/, '')
const exclude = [...configDefaults.exclude, '.next*/**', 'dist/**', '.data/**', 'e2e/**']

/** The suffix says the runner: unit has no IO, db has a real Postgres, wire has real sockets (and Postgres on demand). */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@\//, replacement: `${root}/` },
      // Throws on import outside Next's server bundle; tests run server code as what it is.
      { find: 'server-only', replacement: `${root}/scripts/testing/server-only.ts` },
    ],
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // A busy machine is not a failure; what may hang is bounded by its own deadline.
          testTimeout: 20_000,
          include: ['**/*.test.ts', '**/*.test.tsx'],
          exclude: [...exclude, '**/*.db.test.ts', '**/*.wire.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'db',
          include: ['**/*.db.test.ts'],
          exclude,
          globalSetup: ['scripts/testing/postgres-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'wire',
          include: ['**/*.wire.test.ts'],
          exclude,
          globalSetup: ['scripts/testing/postgres-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
