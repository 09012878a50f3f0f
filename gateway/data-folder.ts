/** The gateway's own folder: made, held by one process at a time, and the home of its identity. */
import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DataFolderError } from './data-folder-error.ts'
import { ID_FILE, openGatewayId } from './gateway-id.ts'
import type { Log } from './telemetry/log.ts'

export interface DataFolder {
  readonly path: string
  /** `gw_…`, made once and kept: a restart is the same gateway. */
  readonly gatewayId: string
  release(): Promise<void>
}

const LOCK_FILE = 'lock.sock'

/** A disk that is full or fails may get well again: a gateway that has lived here serves on, and refuses new calls. */
const MAY_PASS = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'])

/** @throws DataFolderError when the folder can't be used or another process holds it. */
export async function openDataFolder(path: string, log: Log): Promise<DataFolder> {
  let real: string
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    real = realpathSync(path)
    probe(real, log)
  } catch (error) {
    throw new DataFolderError(`The data folder ${path} can not be written: ${reasonOf(error)}.`)
  }
  const lock = await lockFolder(real)
  if (lock === null) {
    throw new DataFolderError(`Another gateway is running on the data folder ${path}.`)
  }
  try {
    return { path: real, gatewayId: openGatewayId(real, log), release: () => lock.release() }
  } catch (error) {
    await lock.release()
    throw error
  }
}

function probe(real: string, log: Log): void {
  const file = join(real, `.probe-${process.pid}`)
  try {
    writeFileSync(file, '')
    rmSync(file)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (!MAY_PASS.has(code) || !existsSync(join(real, ID_FILE))) throw error
    log('error', 'folder.not_writable', {
      message: 'The data folder can not be written. The gateway starts, and takes calls once it can be.',
      error,
    })
  }
}

interface Lock {
  release(): Promise<void>
}

/**
 * The lock is a socket that this process listens on: the operating system frees it with the process, however that
 * ends, so there is no stale lock and no pid to mistake. On Linux its name is in no file system at all, but in each
 * container apart; so there is one in the folder too, which gateways of other containers meet.
 */
async function lockFolder(real: string): Promise<Lock | null> {
  const { dev, ino } = statSync(real)
  const name = `gatehouse-gateway-${createHash('sha256').update(`${dev}/${ino}`).digest('hex').slice(0, 32)}`
  if (process.platform === 'linux') {
    const server = await listen(`\0${name}`)
    if (server === null) return null
    const inside = await lockInside(real)
    if (inside === null) {
      await close(server)
      return null
    }
    return {
      async release() {
        await inside.release()
        await close(server)
      },
    }
  }
  if (process.platform === 'win32') return lockOf(await listen(`\\\\.\\pipe\\${name}`))
  const socket = join(tmpdir(), `${name}.sock`)
  const server = await listen(socket)
  if (server !== null || (await answers(socket))) return lockOf(server)
  rmSync(socket, { force: true })
  return lockOf(await listen(socket))
}

/** A disk that takes no socket can't be asked: there, what one machine sees has to do. */
async function lockInside(real: string): Promise<Lock | null> {
  // A socket's address holds 108 bytes (unix(7)); by the folder's descriptor every path fits.
  const folder = openSync(real, 'r')
  const socket = `/proc/self/fd/${folder}/${LOCK_FILE}`
  let server: Server | null = null
  try {
    server = await listen(socket)
    if (server === null) {
      if (await answers(socket)) {
        closeSync(folder)
        return null
      }
      // Of a process that was killed: nobody listens.
      rmSync(socket, { force: true })
      server = await listen(socket)
    }
  } catch {
    server = null
  }
  return {
    async release() {
      if (server) await close(server)
      closeSync(folder)
    },
  }
}

function lockOf(server: Server | null): Lock | null {
  return server && { release: () => close(server) }
}

function listen(address: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(null)
      else reject(error)
    })
    server.listen(address, () => {
      server.unref()
      resolve(server)
    })
  })
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socket)
    connection.once('connect', () => {
      connection.destroy()
      resolve(true)
    })
    connection.once('error', () => resolve(false))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
