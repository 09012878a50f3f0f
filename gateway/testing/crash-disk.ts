/**
 * For tests: a disk in memory under a process that dies at its Nth file operation. What is found afterwards depends on
 * how it died: a killed process leaves all that it wrote, a machine without power what was synced and, of the rest, as
 * much as happened to be written, in the order of a journaling file system.
 */
import type { JournalFs } from '../journal/journal-fs.ts'
import type { CopyFs } from '../snapshot/copy-fs.ts'

/** Thrown by the operation at which the process dies, and by each after it. */
export class ProcessDied extends Error {}

export interface CrashDisk {
  readonly journalFs: JournalFs
  readonly copyFs: CopyFs
  /** Operations so far. */
  readonly operations: number
  readonly died: boolean
  /** The disk that the next process finds. It dies at `crashAt`, if it comes so far. */
  afterKill(crashAt?: number): CrashDisk
  afterPowerLoss(crashAt?: number): CrashDisk
}

interface File {
  data: Buffer
  synced: Buffer
  /** What the file went through since its last sync. */
  pending: Buffer[]
}

type NameChange = (names: Map<string, File>) => void

export function crashDisk(
  random: () => number,
  crashAt = Number.POSITIVE_INFINITY,
  names = new Map<string, File>(),
): CrashDisk {
  /** Names that survive a loss of power, and what was done to them since. */
  let durable = new Map(names)
  let changes: NameChange[] = []
  const handles = new Map<number, File>()
  let nextFd = 3
  let operations = 0
  let died = false

  const step = (): void => {
    operations += 1
    if (operations >= crashAt) died = true
    if (died) throw new ProcessDied(`at operation ${operations}`)
  }
  const change = (work: NameChange): void => {
    work(names)
    changes.push(work)
  }
  const find = (path: string): File => {
    const file = names.get(path)
    if (!file) throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' })
    return file
  }
  const at = (fd: number): File => {
    const file = handles.get(fd)
    if (!file) throw Object.assign(new Error('bad handle'), { code: 'EBADF' })
    return file
  }
  const handle = (file: File): number => {
    handles.set(nextFd, file)
    nextFd += 1
    return nextFd - 1
  }
  const become = (file: File, data: Buffer): void => {
    file.data = data
    file.pending.push(data)
  }
  const write = (file: File, position: number, bytes: Buffer): void => {
    const end = position + bytes.length
    const data = Buffer.alloc(Math.max(file.data.length, end))
    file.data.copy(data)
    bytes.copy(data, position)
    become(file, data)
  }
  const sync = (file: File): void => {
    file.synced = file.data
    file.pending = []
  }
  const syncNames = (): void => {
    durable = new Map(names)
    changes = []
  }
  /** The process may die in the middle of a write. */
  const writeStep = (file: File, position: number, bytes: Buffer): void => {
    try {
      step()
    } catch (error) {
      if (operations === crashAt)
        write(file, position, bytes.subarray(0, Math.floor(random() * bytes.length)))
      throw error
    }
    write(file, position, bytes)
  }
  const rename = (from: string, to: string): void => {
    const file = find(from)
    change((all) => {
      all.delete(from)
      all.set(to, file)
    })
  }
  const empty = (): File => ({ data: Buffer.alloc(0), synced: Buffer.alloc(0), pending: [] })

  const journalFs: JournalFs = {
    mkdirSync: () => {},
    readdirSync: (path) =>
      [...names.keys()]
        .filter((name) => name.startsWith(`${path}/`))
        .map((name) => name.slice(path.length + 1)),
    createSync: (path) => {
      step()
      if (names.has(path)) throw Object.assign(new Error(`exists: ${path}`), { code: 'EEXIST' })
      const file = empty()
      change((all) => all.set(path, file))
      return handle(file)
    },
    openSync: (path) => handle(find(path)),
    writeSync: (fd, buffer, offset, length, position) => {
      writeStep(at(fd), position, Buffer.from(buffer.subarray(offset, offset + length)))
      return length
    },
    readFileSync: (path) => Buffer.from(find(path).data),
    sizeSync: (path) => find(path).data.length,
    readFile: async (path) => Buffer.from(find(path).data),
    truncateSync: (fd, length) => {
      step()
      become(at(fd), at(fd).data.subarray(0, length))
    },
    datasync: async (fd) => {
      step()
      sync(at(fd))
    },
    syncDirectory: async () => {
      step()
      syncNames()
    },
    closeSync: (fd) => void handles.delete(fd),
    unlinkSync: (path) => {
      step()
      find(path)
      change((all) => all.delete(path))
    },
    copyFileSync: (from, to) => {
      step()
      const copy = { ...empty(), data: find(from).data }
      change((all) => all.set(to, copy))
    },
  }

  const copyFs: CopyFs = {
    readFile: async (path) => Buffer.from(find(path).data),
    create: async (path) => {
      step()
      const before = names.get(path)
      const file = before ?? empty()
      if (before) become(file, Buffer.alloc(0))
      else change((all) => all.set(path, file))
      return {
        append: async (bytes) => writeStep(file, file.data.length, Buffer.from(bytes)),
        sync: async () => {
          step()
          sync(file)
        },
        close: async () => {},
      }
    },
    rename: async (from, to) => {
      step()
      rename(from, to)
    },
    remove: async (path) => {
      step()
      change((all) => all.delete(path))
    },
    syncDirectory: journalFs.syncDirectory,
  }

  return {
    journalFs,
    copyFs,
    get operations() {
      return operations
    },
    get died() {
      return died
    },
    afterKill: (next) => crashDisk(random, next, names),
    afterPowerLoss: (next) => {
      const left = new Map(durable)
      for (const work of changes.slice(0, Math.floor(random() * (changes.length + 1)))) work(left)
      for (const [path, file] of left) {
        const written = Math.floor(random() * (file.pending.length + 1))
        const whole = file.pending[written - 1] ?? file.synced
        const torn = file.pending[written]
        // Of a write that was under way a part may be there.
        const data =
          torn && torn.length > whole.length
            ? torn.subarray(0, whole.length + Math.floor(random() * (torn.length - whole.length)))
            : whole
        left.set(path, { data, synced: data, pending: [] })
      }
      return crashDisk(random, next, left)
    },
  }
}
