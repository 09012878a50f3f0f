/**
 * Who this gateway is: made once and kept, so that a restart is the same gateway. It is kept twice, the second time with
 * a checksum: a flipped bit must neither stop a gateway nor make it another one in silence.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { DataFolderError } from './data-folder-error.ts'
import { describeError, type Log } from './telemetry/log.ts'

export const ID_FILE = 'gateway-id'
const CHECKED_FILE = 'gateway-id.checked'
const GATEWAY_ID = /^gw_[0-9a-z]{16,40}$/

/** @throws DataFolderError when there is something that is no id, and nothing to restore it from. */
export function openGatewayId(folder: string, log: Log): string {
  const file = join(folder, ID_FILE)
  const plain = read(file)
  const checked = fromChecked(read(join(folder, CHECKED_FILE)))
  if (checked !== null) {
    if (plain !== checked) {
      log('error', 'folder.id_restored', {
        message: "The file with the gateway's id was damaged or lost; it is restored from the second one.",
        gatewayId: checked,
      })
      keep(log, () => write(file, checked))
    }
    return checked
  }
  // A second identity over an old journal would show its calls under two names: only an empty file may be replaced.
  if (plain && !GATEWAY_ID.test(plain))
    throw new DataFolderError(`${file} holds no gateway id; restore it or move the folder away.`)
  const gatewayId = plain || `gw_${randomBytes(10).toString('hex')}`
  if (!plain) write(file, gatewayId)
  keep(log, () => write(join(folder, CHECKED_FILE), `${gatewayId} ${sumOf(gatewayId)}`))
  return gatewayId
}

function fromChecked(text: string | null): string | null {
  const [gatewayId = '', sum] = text?.split(' ') ?? []
  return GATEWAY_ID.test(gatewayId) && sum === sumOf(gatewayId) ? gatewayId : null
}

const sumOf = (gatewayId: string): string => crc32(gatewayId).toString(16).padStart(8, '0')

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new DataFolderError(`The gateway's id can not be read from ${file}: ${describeError(error)}.`)
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, `${text}\n`, { mode: 0o600, flush: true })
  } catch (error) {
    throw new DataFolderError(`The gateway's id can not be written to ${file}: ${describeError(error)}.`)
  }
}

/** What can wait for the next start. */
function keep(log: Log, work: () => void): void {
  try {
    work()
  } catch (error) {
    log('warn', 'folder.id_not_kept', { error })
  }
}
