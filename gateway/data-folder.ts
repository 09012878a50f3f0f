/** The gateway's own folder: made, held by one process at a time, and the home of its identity. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface DataFolder {
  readonly path: string
  /** `gw_…`, made once and kept: a restart is the same gateway. */
  readonly gatewayId: string
  release(): Promise<void>
}

/** What an operator can put right; the message is one sentence for them. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError'
}

const GATEWAY_ID = /^gw_[0-9a-z]{16,40}$/

/** @throws DataFolderError when the folder can't be used or another process holds it. */
export async function openDataFolder(path: string): Promise<DataFolder> {
  let real: string
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    real = realpathSync(path)
    const probe = join(real, `.probe-${process.pid}`)
    writeFileSync(probe, '')
    rmSync(probe)
  } catch (error) {
    throw new DataFolderError(`The data folder ${path} can not be written: ${reasonOf(error)}.`)
  }
  const lock = await lockFolder(real)
  if (lock === null) {
    throw new DataFolderError(`Another gateway is running on the data folder ${path}.`)
  }
  try {
    return { path: real, gatewayId: readGatewayId(real), release: () => close(lock) }
  } catch (error) {
    await close(lock)
    throw error
  }
}

/**
 * The lock is a socket that this process listens on: the operating system frees it with the process, however that
 * ends, so there is no stale lock and no pid to mistake. On Linux its name is in no file system at all.
 */
async function lockFolder(real: string): Promise<Server | null> {
  const name = `gatehouse-gateway-${createHash('sha256').update(real).digest('hex').slice(0, 32)}`
  if (process.platform === 'linux') return listen(`\0${name}`)
  if (process.platform === 'win32') return listen(`\\\\.\\pipe\\${name}`)
  const socket = join(tmpdir(), `${name}.sock`)
  const server = await listen(socket)
  if (server !== null || (await answers(socket))) return server
  rmSync(socket, { force: true })
  return listen(socket)
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

function readGatewayId(path: string): string {
  const file = join(path, 'gateway-id')
  let text: string | null = null
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new DataFolderError(`The gateway's id can not be read from ${file}: ${reasonOf(error)}.`)
    }
  }
  if (text !== null && GATEWAY_ID.test(text)) return text
  // A second identity over an old journal would count its events twice: only an empty file may be replaced.
  if (text) throw new DataFolderError(`${file} holds no gateway id; restore it or move the folder away.`)
  const gatewayId = `gw_${randomBytes(10).toString('hex')}`
  try {
    writeFileSync(file, `${gatewayId}\n`, { mode: 0o600, flush: true })
  } catch (error) {
    throw new DataFolderError(`The gateway's id can not be written to ${file}: ${reasonOf(error)}.`)
  }
  return gatewayId
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
