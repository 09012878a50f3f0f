/** For tests: the machine's own disk, until it is told to fail. */
import { systemClock } from '../clock.ts'
import type { Machine } from '../gateway.ts'
import { type JournalFs, nodeFs } from '../journal/journal-fs.ts'
import { type CopyFs, nodeCopyFs } from '../snapshot/copy-fs.ts'

export type DiskFault = 'no space' | 'error on write' | 'error on sync' | 'read-only'

export interface FaultyDisk {
  readonly machine: Machine
  fault: DiskFault | null
  /** Syncs of a descriptor whose sync had failed before: their success would mean nothing. */
  readonly syncsAfterFailure: number[]
}

const CODES: Record<DiskFault, string> = {
  'no space': 'ENOSPC',
  'error on write': 'EIO',
  'error on sync': 'EIO',
  'read-only': 'EROFS',
}

export function faultyDisk(): FaultyDisk {
  const failed = new Set<number>()
  const check = (kind: 'write' | 'sync' | 'name'): void => {
    const { fault } = self
    if (fault === null) return
    const hit =
      fault === 'error on sync' ? kind === 'sync' : fault === 'read-only' ? kind !== 'sync' : kind === 'write'
    if (hit) throw Object.assign(new Error(`${CODES[fault]}: injected`), { code: CODES[fault] })
  }
  const journalFs: JournalFs = {
    ...nodeFs,
    createSync: (path) => {
      check('name')
      const fd = nodeFs.createSync(path)
      failed.delete(fd)
      return fd
    },
    openSync: (path) => {
      const fd = nodeFs.openSync(path)
      failed.delete(fd)
      return fd
    },
    writeSync: (fd, buffer, offset, length, position) => {
      if (self.fault === 'no space' && length > 1) {
        // As a disk does that has a little room left: half of it is written.
        nodeFs.writeSync(fd, buffer, offset, length >> 1, position)
      }
      check('write')
      return nodeFs.writeSync(fd, buffer, offset, length, position)
    },
    datasync: async (fd) => {
      if (failed.has(fd)) self.syncsAfterFailure.push(fd)
      try {
        check('sync')
      } catch (error) {
        failed.add(fd)
        throw error
      }
      await nodeFs.datasync(fd)
    },
    unlinkSync: (path) => {
      check('name')
      nodeFs.unlinkSync(path)
    },
  }
  const copyFs: CopyFs = {
    ...nodeCopyFs,
    create: async (path) => {
      check('name')
      const file = await nodeCopyFs.create(path)
      return {
        append: async (bytes) => {
          check('write')
          await file.append(bytes)
        },
        sync: async () => {
          check('sync')
          await file.sync()
        },
        close: () => file.close(),
      }
    },
    rename: async (from, to) => {
      check('name')
      await nodeCopyFs.rename(from, to)
    },
  }
  const self: FaultyDisk = {
    machine: { clock: systemClock, journalFs, copyFs },
    fault: null,
    syncsAfterFailure: [],
  }
  return self
}
