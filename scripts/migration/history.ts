import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '../user-error.ts'

export const MIGRATIONS_FOLDER = path.join(import.meta.dirname, '../../prisma/migrations')

export interface Migration {
  name: string
  sql: string
  /** SHA-256 of the file in hex: what Prisma's own engine writes too. */
  checksum: string
}

/** The migrations of the folder in the order of their names. Throws UserError for a folder without migration.sql. */
export async function readMigrations(folder = MIGRATIONS_FOLDER): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(
    names.sort().map(async (name) => {
      const bytes = await readFile(path.join(folder, name, 'migration.sql')).catch(() => {
        throw new UserError(`The migration ${name} has no migration.sql.`)
      })
      return { name, sql: bytes.toString(), checksum: createHash('sha256').update(bytes).digest('hex') }
    }),
  )
}
