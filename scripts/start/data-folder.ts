import { randomBytes } from 'node:crypto'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { isAlive, signalTree, startMark, until } from '../processes.ts'
import { UserError } from '../user-error.ts'

const LEFTOVER_DEADLINE_MS = 5_000

interface ProcessMark {
  name: string
  pid: number
  /** Tells it from a later process with the same id. */
  mark: string
}

interface RunFile {
  supervisor: ProcessMark
  children: ProcessMark[]
}

export interface DataFolder {
  path: string
  /** Remembered in run.json, so that a start after a SIGKILL of everything finds what still listens. */
  remember(name: string, pid: number): void
  /** Ends whatever is still remembered and alive. */
  endChildren(): Promise<void>
  release(): void
}

/**
 * Makes the data folder, proves that it can be written, takes it for this process and ends what a killed one left
 * behind. Throws UserError when another Gatehouse holds it.
 */
export async function openDataFolder(folder: string, note: (text: string) => void): Promise<DataFolder> {
  makeWritable(folder)
  const real = realpathSync(folder)
  const file = path.join(real, 'run.json')
  const run: RunFile = { supervisor: processMark('supervisor', process.pid), children: [] }
  const before = take(file, run, folder)
  for (const child of before?.children ?? []) await endLeftover(child, note)
  const save = () => writeJson(file, run)
  return {
    path: real,
    remember(name, pid) {
      run.children = [...run.children.filter((child) => child.name !== name), processMark(name, pid)]
      save()
    },
    async endChildren() {
      for (const child of run.children) await endLeftover(child, () => {}, 0)
    },
    release: () => rmSync(file, { force: true }),
  }
}

function makeWritable(folder: string): void {
  try {
    // Root's Postgres runs as another account, which must pass through; what is secret inside is 0600 by itself.
    makeFolder(folder, process.getuid?.() === 0 ? 0o711 : 0o700)
    const probe = path.join(folder, `.probe-${process.pid}`)
    writeFileSync(probe, '')
    rmSync(probe)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UserError(
      `The data folder ${folder} cannot be written (${code}): make it writable, or set DATA_DIR to another.`,
    )
  }
}

/** mkdir's own `recursive` never returns below /proc and other file systems that say ENOENT to every mkdir. */
function makeFolder(folder: string, mode: number): void {
  if (existsSync(folder)) return
  makeFolder(path.dirname(folder), 0o755)
  mkdirSync(folder, { mode })
}

/** Takes run.json for us; returns what the run before left there, null after an orderly end. */
function take(file: string, run: RunFile, folder: string): RunFile | null {
  const mine = `${file}.${process.pid}`
  writeJson(mine, run)
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        // link() fails where the name exists: of two starts at once, one wins.
        linkSync(mine, file)
        return null
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const before = readRunFile(file)
      if (before && isRunning(before.supervisor)) {
        throw new UserError(
          `Gatehouse is already running on the data folder ${folder} (process ${before.supervisor.pid}): stop it first, or set DATA_DIR, PORT and GATEWAY_PORT for a second one.`,
        )
      }
      // What is left behind is replaced in one step; should another have done so first, its file is seen below.
      renameSync(mine, file)
      if (readRunFile(file)?.supervisor.pid === process.pid) return before
      writeJson(mine, run)
    }
    throw new UserError(`Another Gatehouse is starting on the data folder ${folder}: try again.`)
  } finally {
    rmSync(mine, { force: true })
  }
}

function readRunFile(file: string): RunFile | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RunFile
  } catch {
    // Cut short by a full disk, or gone in between: it names nobody.
    return null
  }
}

function processMark(name: string, pid: number): ProcessMark {
  return { name, pid, mark: startMark(pid) }
}

function isRunning({ pid, mark }: ProcessMark): boolean {
  return mark !== '' && isAlive(pid) && startMark(pid) === mark
}

async function endLeftover(
  child: ProcessMark,
  note: (text: string) => void,
  deadlineMs = LEFTOVER_DEADLINE_MS,
): Promise<void> {
  if (!isRunning(child)) return
  note(`stopping the ${child.name} left over by an earlier start (process ${child.pid})`)
  const gone = () => !isRunning(child)
  signalTree(child.pid, 'SIGTERM')
  if (await until(gone, deadlineMs)) return
  signalTree(child.pid, 'SIGKILL')
  await until(gone, LEFTOVER_DEADLINE_MS)
}

export interface Secrets {
  secret: string
  /** Made for the first user. Stays here, beside the root secret, for `npm run demo`; of no use once it was changed. */
  firstPassword?: string
  firstPasswordShown?: boolean
}

/**
 * The root secret: from the environment, or made on the first start and kept in secrets.json (0600).
 * Throws UserError when both are there and differ: what is encrypted under the one can't be read with the other.
 */
export function loadSecrets(dataDir: string, given: string | null): Secrets {
  const file = secretsFile(dataDir)
  let kept: Partial<Secrets> = {}
  if (existsSync(file)) {
    try {
      kept = JSON.parse(readFileSync(file, 'utf8'))
    } catch {
      throw new UserError(`${file} cannot be read as JSON: restore it, everything encrypted depends on it.`)
    }
  }
  if (given !== null && kept.secret !== undefined && kept.secret !== given) {
    throw new UserError(
      `GATEHOUSE_SECRET differs from the secret in ${file}, under which this data folder's credentials are encrypted: unset it, or set the old one.`,
    )
  }
  const secret = given ?? kept.secret ?? randomBytes(32).toString('hex')
  if (given === null && kept.secret === undefined) writeJson(file, { ...kept, secret })
  return { ...kept, secret }
}

/** The first password while nobody has seen it, made when there is none. */
export function firstPassword(dataDir: string, secrets: Secrets): string {
  if (secrets.firstPassword && !secrets.firstPasswordShown) return secrets.firstPassword
  secrets.firstPassword = randomBytes(12).toString('base64url')
  updateSecrets(dataDir, { firstPassword: secrets.firstPassword, firstPasswordShown: false })
  return secrets.firstPassword
}

export function firstPasswordWasShown(dataDir: string): void {
  updateSecrets(dataDir, { firstPasswordShown: true })
}

function updateSecrets(dataDir: string, change: Partial<Secrets>): void {
  const file = secretsFile(dataDir)
  const kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  writeJson(file, { ...kept, ...change })
}

function secretsFile(dataDir: string): string {
  return path.join(dataDir, 'secrets.json')
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
