/**
 * Room kept for the worst moment: a file of zeros that goes when the disk is full, so that the settlements of calls in
 * flight can still be written. Until it is back, no new call is taken.
 */
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import type { Log } from '../telemetry/log.ts'
import type { JournalFs } from './journal-fs.ts'

/** Some thousand settlements. */
const BALLAST_BYTES = 1024 * 1024
const RETRY_MS = 500

export interface BallastedDisk {
  readonly fs: JournalFs
  /** Whether the room is there; asks the disk again from time to time while it is not. */
  hasRoom(): boolean
}

export function withBallast(fs: JournalFs, directory: string, clock: Clock, log: Log): BallastedDisk {
  const path = join(directory, 'ballast')
  let isThere = false
  let triedAt = Number.NEGATIVE_INFINITY

  function hasRoom(): boolean {
    if (isThere) return true
    const now = clock.monotonic()
    if (now - triedAt < RETRY_MS) return false
    const isFirst = triedAt === Number.NEGATIVE_INFINITY
    triedAt = now
    isThere = take(fs, directory, path)
    if (isThere && !isFirst) log('info', 'journal.room_again', { message: 'The disk has room again.' })
    if (!isThere && isFirst) tell()
    return isThere
  }

  function tell(): void {
    log('error', 'journal.disk_full', {
      message:
        'The disk of the journal is full: new calls are refused, those in flight still get their settlement.',
    })
  }

  function release(): boolean {
    if (!isThere) return false
    isThere = false
    triedAt = clock.monotonic()
    tell()
    try {
      fs.unlinkSync(path)
      return true
    } catch {
      return false
    }
  }

  return {
    hasRoom,
    fs: {
      ...fs,
      writeSync(fd, buffer, offset, length, position) {
        try {
          return fs.writeSync(fd, buffer, offset, length, position)
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC' || !release()) throw error
          return fs.writeSync(fd, buffer, offset, length, position)
        }
      },
    },
  }
}

/** Written for real: a file of holes would hold no room. */
function take(fs: JournalFs, directory: string, path: string): boolean {
  try {
    if (fs.readdirSync(directory).includes('ballast')) {
      if (fs.sizeSync(path) === BALLAST_BYTES) return true
      fs.unlinkSync(path)
    }
    const fd = fs.createSync(path)
    try {
      const zeros = Buffer.alloc(BALLAST_BYTES)
      for (let at = 0; at < zeros.length; ) at += fs.writeSync(fd, zeros, at, zeros.length - at, at)
    } finally {
      fs.closeSync(fd)
    }
    return true
  } catch {
    try {
      fs.unlinkSync(path)
    } catch {
      // It was never there.
    }
    return false
  }
}
