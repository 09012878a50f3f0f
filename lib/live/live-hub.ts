import 'server-only'
import { publishingRuntime } from '../publish/runtime.ts'
import { pool } from '../server/db.ts'
import { singleton } from '../server/singleton.ts'
import { createHub, type Hub } from './hub.ts'

/** The one hub of this process, made at its first use. */
export function liveHub(): Hub {
  return singleton('live', () => createHub(pool, publishingRuntime().listener))
}
