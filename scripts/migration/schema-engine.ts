import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'

export interface OpenSchemaEngine {
  engine: bindings.SchemaEngine
  /** Frees it and ends its connection. */
  close(): Promise<void>
}

/**
 * Prisma's schema engine as WebAssembly, bound to a database: no engine is downloaded.
 * A panic inside surfaces as an error with its message.
 */
export async function openSchemaEngine(url: string, schema: string): Promise<OpenSchemaEngine> {
  instantiated ??= instantiate()
  await instantiated
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  const engine = await bindings.SchemaEngine.new(
    { datamodels: [['prisma/schema.prisma', schema]] },
    () => {},
    bindMigrationAwareSqlAdapterFactory(catalogueFactory(pool)),
  )
  return {
    engine,
    async close() {
      engine.free()
      await pool.end()
    },
  }
}

// Once per process: the bindings keep one instance in a variable of their module.
let instantiated: Promise<void> | undefined

async function instantiate(): Promise<void> {
  // The WebAssembly calls this global before it traps.
  Object.assign(globalThis, {
    PRISMA_WASM_PANIC_REGISTRY: {
      set_message(message: string) {
        throw new Error(`Prisma's schema engine: ${message}`)
      },
    },
  })
  const require = createRequire(import.meta.url)
  const wasm = await readFile(
    require.resolve('@prisma/schema-engine-wasm/schema_engine_bg').replace(/\.js$/, '.wasm'),
  )
  const { instance } = await WebAssembly.instantiate(wasm, {
    './schema_engine_bg.js': bindings as unknown as WebAssembly.ModuleImports,
  })
  bindings.__wbg_set_wasm(instance.exports)
  // The package declares no types for what is exported to its own loader.
  ;(instance.exports as { __wbindgen_start: () => void }).__wbindgen_start()
}

/** pg_type: the catalogue's single-byte "char", and char(n). */
const QUOTED_CHAR_OID = 18
const BPCHAR_OID = 1042

/**
 * The pg adapter, made to read the catalogue: it refuses columns of type "char", which the engine's queries return
 * and wants as `Character`. They are passed through it as char(n) and relabelled behind it.
 */
function catalogueFactory(pool: pg.Pool): PrismaPg {
  const charColumns = new WeakMap<object, number[]>()
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<pg.QueryResult>
  pool.query = (async (...args: unknown[]) => {
    const result = await query(...args)
    const found: number[] = []
    for (const [index, field] of (result.fields ?? []).entries()) {
      if (field.dataTypeID !== QUOTED_CHAR_OID) continue
      field.dataTypeID = BPCHAR_OID
      found.push(index)
    }
    charColumns.set(result.rows, found)
    return result
  }) as typeof pool.query

  const factory = new PrismaPg(pool)
  const connect = factory.connect.bind(factory)
  factory.connect = async () => {
    const adapter = await connect()
    const queryRaw = adapter.queryRaw.bind(adapter)
    adapter.queryRaw = async (text) => {
      const result = await queryRaw(text)
      const columnTypes = [...result.columnTypes]
      for (const index of charColumns.get(result.rows) ?? []) columnTypes[index] = ColumnTypeEnum.Character
      return { ...result, columnTypes }
    }
    return adapter
  }
  return factory
}
