/** The few file operations that the journal needs, as an interface: tests make the Nth of them fail. */
import fs from 'node:fs'
import { readFile } from 'node:fs/promises'

export interface JournalFs {
  mkdirSync(path: string): void
  readdirSync(path: string): string[]
  /** Opens for reading and writing; fails when the file exists. */
  createSync(path: string): number
  openSync(path: string): number
  writeSync(fd: number, buffer: Buffer, offset: number, length: number, position: number): number
  readFileSync(path: string): Buffer
  sizeSync(path: string): number
  readFile(path: string): Promise<Buffer>
  truncateSync(fd: number, length: number): void
  /** Data and size on the disk; a failure means that written data may be gone. */
  datasync(fd: number): Promise<void>
  /** Makes created, renamed and removed names durable. */
  syncDirectory(path: string): Promise<void>
  closeSync(fd: number): void
  unlinkSync(path: string): void
  copyFileSync(from: string, to: string): void
}

export const nodeFs: JournalFs = {
  mkdirSync: (path) => void fs.mkdirSync(path, { recursive: true, mode: 0o700 }),
  readdirSync: (path) => fs.readdirSync(path),
  createSync: (path) => fs.openSync(path, 'wx+', 0o600),
  openSync: (path) => fs.openSync(path, 'r+'),
  writeSync: (fd, buffer, offset, length, position) => fs.writeSync(fd, buffer, offset, length, position),
  readFileSync: (path) => fs.readFileSync(path),
  sizeSync: (path) => fs.statSync(path).size,
  readFile: (path) => readFile(path),
  truncateSync: (fd, length) => fs.ftruncateSync(fd, length),
  datasync: (fd) =>
    new Promise((resolve, reject) => fs.fdatasync(fd, (error) => (error ? reject(error) : resolve()))),
  syncDirectory: async (path) => {
    // Windows has no handle of a directory to sync; its file systems journal names themselves.
    if (process.platform === 'win32') return
    const handle = await fs.promises.open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  closeSync: (fd) => fs.closeSync(fd),
  unlinkSync: (path) => fs.unlinkSync(path),
  copyFileSync: (from, to) => fs.copyFileSync(from, to),
}
