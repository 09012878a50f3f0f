import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { migrate } from './migration/apply.ts'
import { schemaDifference } from './migration/difference.ts'
import { MIGRATIONS_FOLDER } from './migration/history.ts'
import { startScratchPostgres } from './postgres/scratch.ts'
import { errorText, UserError } from './user-error.ts'

/**
 * `npm run migration -- <name>`: writes the migration that leads from prisma/migrations to prisma/schema.prisma.
 * `npm run migration`: prints it. It applies the migrations to a scratch Postgres of its own and compares.
 * SQL by hand (a partitioned table) goes into the same file, its tables into prisma.config.ts.
 */
async function main(name: string | undefined): Promise<void> {
  if (name !== undefined && !/^[a-z0-9_]+$/.test(name)) {
    throw new UserError(
      'Name a migration in small letters, digits and underscores: npm run migration -- add_teams',
    )
  }
  const postgres = await startScratchPostgres()
  try {
    await migrate(postgres.url)
    const sql = await schemaDifference(postgres.url)
    if (sql === '') console.log('prisma/migrations and prisma/schema.prisma agree')
    else if (name === undefined) console.log(sql)
    else await write(name, sql)
  } finally {
    await postgres.stop()
  }
}

async function write(name: string, sql: string): Promise<void> {
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
  const folder = path.join(MIGRATIONS_FOLDER, `${stamp}_${name}`)
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'migration.sql'), `${sql}\n`)
  await writeFile(
    path.join(MIGRATIONS_FOLDER, 'migration_lock.toml'),
    '# Read by `prisma migrate`.\nprovider = "postgresql"\n',
  )
  console.log(path.relative(process.cwd(), path.join(folder, 'migration.sql')))
}

try {
  await main(process.argv[2])
} catch (error) {
  console.error(errorText(error))
  process.exitCode = 1
}
