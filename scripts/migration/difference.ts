import { readFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import prismaConfig from '../../prisma.config.ts'
import { openSchemaEngine } from './schema-engine.ts'

const SCHEMA_FILE = path.join(import.meta.dirname, '../../prisma/schema.prisma')

/**
 * The SQL that leads from a migrated database to `prisma/schema.prisma`; '' when they agree.
 * Tables by hand-written SQL (prisma.config.ts, `tables.external`) and their partitions are left out.
 */
export async function schemaDifference(url: string, schemaFile = SCHEMA_FILE): Promise<string> {
  const schema = await readFile(schemaFile, 'utf8')
  const externalTables = await withPartitions(url, prismaConfig.tables?.external ?? [])
  const { engine, close } = await openSchemaEngine(url, schema)
  try {
    const { stdout } = await engine.diff({
      from: {
        tag: 'schemaDatasource',
        files: [{ path: schemaFile, content: schema }],
        configDir: path.dirname(schemaFile),
      },
      to: { tag: 'schemaDatamodel', files: [{ path: schemaFile, content: schema }] },
      script: true,
      exitCode: null,
      filters: { externalTables, externalEnums: [] },
    })
    const sql = (stdout ?? '').trim()
    return /^(-- This is an empty migration\.)?$/.test(sql) ? '' : sql
  } finally {
    await close()
  }
}

async function withPartitions(url: string, tables: string[]): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT n.nspname || '.' || c.relname AS name FROM pg_inherits i
       JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relispartition`,
    )
    return [...new Set([...tables, ...rows.map((row) => row.name)])]
  } finally {
    await client.end()
  }
}
