/** The few file operations that the copy of the configuration needs, as an interface: tests make the Nth of them fail. */
import { open, readFile, rename, rm } from 'node:fs/promises'

export interface CopyFs {
  readFile(path: string): Promise<Buffer>
  /** Empties a file that exists. */
  create(path: string): Promise<CopyFile>
  rename(from: string, to: string): Promise<void>
  /** Does nothing when there is none. */
  remove(path: string): Promise<void>
  /** Makes created and renamed names durable. */
  syncDirectory(path: string): Promise<void>
}

export interface CopyFile {
  append(bytes: Buffer): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

export const nodeCopyFs: CopyFs = {
  readFile: (path) => readFile(path),
  create: async (path) => {
    const file = await open(path, 'w', 0o600)
    return {
      append: (bytes) => file.writeFile(bytes),
      sync: () => file.sync(),
      close: () => file.close(),
    }
  },
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { force: true }),
  syncDirectory: async (path) => {
    // Windows has no handle of a directory to sync; its file systems journal names themselves.
    if (process.platform === 'win32') return
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}
