import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fingerprint, isStamped, ROOT, stamp } from './fingerprint.ts'
import { runTool } from './run-tool.ts'

const STAMP = 'lib/server/generated/.stamp'

/** Makes lib/server/generated when the schema or Prisma have changed; false when there was nothing to do. */
export async function generateClient(): Promise<boolean> {
  const version = JSON.parse(
    readFileSync(path.join(ROOT, 'node_modules/prisma/package.json'), 'utf8'),
  ).version
  const print = fingerprint(['prisma/schema.prisma', 'prisma.config.ts'], version)
  if (isStamped(STAMP, print)) return false
  await runTool('prisma', ['generate'], {
    ...process.env,
    // Prisma looks for its native schema engine and would download it; generation never starts it, so any program does.
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  })
  stamp(STAMP, print)
  return true
}
