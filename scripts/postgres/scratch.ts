import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isAlive } from '../processes.ts'
import { startPostgres, stopLeftoverPostgres } from './cluster.ts'

const PREFIX = 'gatehouse-scratch-'

export interface ScratchPostgres {
  url: string
  /** Ends the server and removes all it wrote. */
  stop(): Promise<void>
}

/** A Postgres for the life of this process, fast and without durability. Clears away those of killed processes. */
export async function startScratchPostgres(): Promise<ScratchPostgres> {
  await sweep()
  const dataDir = await mkdtemp(path.join(tmpdir(), PREFIX))
  // mkdtemp makes 0700, which the server's own account could not pass.
  await chmod(dataDir, 0o711)
  await writeFile(path.join(dataDir, 'owner'), String(process.pid))
  const settings = {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '200',
  }
  const postgres = await startPostgres({ dataDir, settings })
  return {
    url: postgres.url,
    async stop() {
      await postgres.stop()
      await remove(dataDir, postgres.directory)
    },
  }
}

async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue
    const dataDir = path.join(tmpdir(), name)
    const owner = Number(await readFile(path.join(dataDir, 'owner'), 'utf8').catch(() => '0'))
    if (owner === 0 || isAlive(owner)) continue
    const state = await readFile(path.join(dataDir, 'postgres.json'), 'utf8').catch(() => '{}')
    await stopLeftoverPostgres(dataDir, () => {}).catch(() => {})
    const { directory } = JSON.parse(state) as { directory?: string }
    await remove(dataDir, directory ?? dataDir).catch(() => {})
  }
}

async function remove(dataDir: string, directory: string): Promise<void> {
  // Elsewhere where the server's account can't reach the temporary folder: then its folder is this cluster's alone.
  if (!directory.startsWith(dataDir)) await rm(path.dirname(directory), { recursive: true, force: true })
  await rm(dataDir, { recursive: true, force: true })
}
