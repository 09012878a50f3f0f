/**
 * The last good configuration on disk, and the one before it, encrypted under a key derived from the gateway's own
 * token. A copy that can't be read is passed over with a line in the log; it never stops a start.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Log } from '../telemetry/log.ts'
import { type CompiledConfiguration, compile } from './compiled-configuration.ts'
import { type CopyFs, nodeCopyFs } from './copy-fs.ts'
import { readSnapshot } from './received.ts'

export interface LastGoodCopy {
  /** The newest copy that can be read; null when there is none. Never rejects. */
  load(): Promise<CompiledConfiguration | null>
  /** Writes soon, off the request path. A newer call replaces one that waits. */
  save(configuration: CompiledConfiguration): void
  /** Writes now what waits; tries once. */
  flush(): Promise<void>
  /** Whether the newest configuration that it was given, or loaded, is on disk. */
  readonly isSaved: boolean
}

/** magic (8) · initialisation vector (12) · ciphertext · GCM tag (16) · SHA-256 of all before (32) */
const MAGIC = Buffer.from('GHLGC001')
const IV_BYTES = 12
const TAG_BYTES = 16
const SUM_BYTES = 32
const SAVE_DELAY_MS = 500
/** A large configuration that changes all the time is written a tenth of the time, not all of it. */
const REST_FACTOR = 10
/** After a failure: the disk may have room again. */
const RETRY_MS = 2_000
const ENTITIES_PER_SLICE = 250

export function createLastGoodCopy(options: {
  readonly directory: string
  /** `GATEHOUSE_GATEWAY_TOKEN`. */
  readonly token: string
  readonly log: Log
  readonly fs?: CopyFs
  readonly saveDelayMs?: number
  readonly retryMs?: number
}): LastGoodCopy {
  const { directory, log, fs = nodeCopyFs } = options
  const key = Buffer.from(hkdfSync('sha256', options.token, '', 'gatehouse gateway snapshot v1', 32))
  const path = join(directory, 'snapshot.bin')
  const previousPath = join(directory, 'snapshot.prev.bin')
  const temporary = `${path}.tmp`
  /** Whether `snapshot.bin` is known to be good, and so worth keeping as the previous one. */
  let currentIsGood = false
  let failing = false
  let waiting: CompiledConfiguration | null = null
  let timer: NodeJS.Timeout | null = null
  let writing: Promise<void> | null = null

  async function loadFrom(file: string): Promise<CompiledConfiguration | null> {
    let content: Buffer
    try {
      content = await fs.readFile(file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        log('error', 'snapshot.unreadable', { file, error })
      return null
    }
    try {
      const configuration = await compile(readSnapshot(decode(content, key)))
      log('info', 'snapshot.loaded', { file, epoch: configuration.epoch, revision: configuration.revision })
      return configuration
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown'
      log('error', 'snapshot.not_used', {
        message: 'A copy of the configuration on disk can not be used.',
        file,
        reason,
      })
      return null
    }
  }

  /** False: it is not saved, and tried again later. */
  async function write(configuration: CompiledConfiguration): Promise<boolean> {
    let whole = false
    try {
      const file = await fs.create(temporary)
      try {
        for await (const chunk of encode(configuration, key)) await file.append(chunk)
        await file.sync()
      } finally {
        await file.close()
      }
      whole = true
      // A copy known to be bad must not push out the one before it.
      if (currentIsGood) await fs.rename(path, previousPath)
      // Between the two there is none by that name: a second try must not look for it.
      currentIsGood = false
      await fs.rename(temporary, path)
      currentIsGood = true
      await fs.syncDirectory(directory)
      if (failing) log('info', 'snapshot.saved', { message: 'The configuration is copied to disk again.' })
      failing = false
      return true
    } catch (error) {
      if (!failing)
        log('error', 'snapshot.not_saved', {
          message: 'The configuration was not copied to disk; it is tried again until it is.',
          error,
        })
      failing = true
      // Half a copy only takes the journal's room.
      if (!whole) await fs.remove(temporary).catch(() => {})
      return false
    }
  }

  function schedule(delayMs: number): void {
    timer ??= setTimeout(() => {
      timer = null
      startWriting()
    }, delayMs)
  }

  function startWriting(): void {
    const configuration = waiting
    if (configuration === null || writing !== null) return
    waiting = null
    const started = performance.now()
    writing = write(configuration).then((saved) => {
      writing = null
      if (!saved) {
        waiting ??= configuration
        schedule(options.retryMs ?? RETRY_MS)
      } else if (waiting !== null)
        schedule(Math.max(options.saveDelayMs ?? SAVE_DELAY_MS, (performance.now() - started) * REST_FACTOR))
    })
  }

  return {
    async load() {
      const newest = await loadFrom(path)
      currentIsGood = newest !== null
      return newest ?? (await loadFrom(previousPath))
    },
    save(configuration) {
      waiting = configuration
      // The first one at once: without it a start needs the admin.
      if (writing === null) schedule(currentIsGood ? (options.saveDelayMs ?? SAVE_DELAY_MS) : 0)
    },
    async flush() {
      await writing
      failing = false
      while (waiting !== null && !failing) {
        if (timer !== null) clearTimeout(timer)
        timer = null
        if (writing === null) startWriting()
        await writing
      }
      if (timer !== null) clearTimeout(timer)
      timer = null
    },
    get isSaved() {
      return waiting === null && writing === null && !failing
    },
  }
}

async function* encode(configuration: CompiledConfiguration, key: Buffer): AsyncGenerator<Buffer> {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  const sum = createHash('sha256')
  const add = (chunk: Buffer): Buffer => {
    sum.update(chunk)
    return chunk
  }
  const { epoch, revision, hash } = configuration
  yield add(Buffer.concat([MAGIC, iv]))
  let lines = [JSON.stringify({ epoch, revision, hash })]
  for (const raw of configuration.rawEntities()) {
    lines.push(JSON.stringify(raw))
    if (lines.length >= ENTITIES_PER_SLICE) {
      yield add(cipher.update(`${lines.join('\n')}\n`, 'utf8'))
      lines = []
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  yield add(cipher.update(lines.join('\n'), 'utf8'))
  yield add(cipher.final())
  yield add(cipher.getAuthTag())
  yield sum.digest()
}

/** @throws an error that says what is wrong with the file. */
function decode(content: Buffer, key: Buffer): unknown {
  if (content.length < MAGIC.length + IV_BYTES + TAG_BYTES + SUM_BYTES) throw new Error('it is cut off')
  if (!content.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('it is of another format')
  const sumStart = content.length - SUM_BYTES
  const sum = createHash('sha256').update(content.subarray(0, sumStart)).digest()
  if (!sum.equals(content.subarray(sumStart))) throw new Error('its checksum is wrong')
  const textStart = MAGIC.length + IV_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, content.subarray(MAGIC.length, textStart))
  decipher.setAuthTag(content.subarray(sumStart - TAG_BYTES, sumStart))
  let text: string
  try {
    const plain = decipher.update(content.subarray(textStart, sumStart - TAG_BYTES))
    text = Buffer.concat([plain, decipher.final()]).toString('utf8')
  } catch {
    throw new Error('it was encrypted under another gateway token')
  }
  const [head = '', ...entities] = text.split('\n').filter((line) => line !== '')
  return { ...JSON.parse(head), entities: entities.map((line) => JSON.parse(line)) }
}
