/**
 * A streamed chat completion on OpenAI's wire, read beside the flow. It forwards the vendor's bytes, hides what only we
 * asked for, and notes what the books need: the first token, the usage, the model served, the end. After the first token
 * it parses an event only when that may carry usage, an error or an end.
 */
import { removeMember, scanObject, setMember, spliceBytes } from '../codec/json-scan.ts'
import { SseDecoder, type SseEvent } from '../codec/sse.ts'
import { estimateTextTokens } from './openai-chat-request.ts'
import { failureIn, isBrokenOff } from './openai-failure.ts'
import { callsTool, type NoticeFate, withNotice } from './openai-notice.ts'
import { type Said, saidIn } from './openai-refusal.ts'
import { isRecord, type ReadUsage, readServiceTier, usageOf } from './openai-usage.ts'

const MAX_EVENT_BYTES = 4 * 1024 * 1024
const USAGE = Buffer.from('"usage"')
const NULL_USAGE = Buffer.from('"usage":null')
const TIMINGS = Buffer.from('"timings"')
const ERROR = Buffer.from('"error"')
/** What an event after the first token is parsed for. */
const MATTERS = [USAGE, ERROR, TIMINGS]
const FINISH = Buffer.from('"finish_reason"')
const CONTENT = Buffer.from('"content"')
/** `text` stands in content of several parts, as of Mistral's reasoning models. */
const OTHER_TEXT = ['"arguments"', '"reasoning_content"', '"reasoning"', '"refusal"', '"text"'].map((key) =>
  Buffer.from(key),
)

export interface ChatStreamOptions {
  /** How many answers were asked for. */
  readonly choices: number
  /** Whether the caller asked for the usage: else its chunk is hidden. */
  readonly usageAsked: boolean
  /** A line to put before the first text; null for none. */
  readonly notice: string | null
  /** What the call costs so far with this usage, as decimal text; null when unpriced. */
  readonly quote: (usage: ReadUsage, reader: ChatStreamReader) => string | null
}

export class ChatStreamReader {
  readonly #options: ChatStreamOptions
  #notice: string | null
  #callsTool = false
  readonly #decoder = new SseDecoder(MAX_EVENT_BYTES)
  #output: Buffer[] = []

  /** True from the first event with text, tool, refusal, reasoning or audio content, or a finish reason. */
  begun = false
  /** It has begun, and all that it said so far is that it refuses. */
  refusing = false
  /** The vendor's last word on the usage; last wins. */
  usage: ReadUsage | null = null
  servedModel: string | null = null
  /** The service tier that the vendor last said it serves. */
  serviceTier: string | null = null
  /** A finish reason was seen of every choice that was asked for: nothing of the answer is missing. */
  finished = false
  #ended: Set<unknown> | null = null
  /** `data: [DONE]` as it came: held back, because the books close before the caller sees the end. */
  terminal: Buffer | null = null
  /** An error that the vendor sent inside the stream; nothing after it counts. */
  error: unknown = null
  /** Something that isn't OpenAI's wire came before the first token. */
  garbage = false
  /** Text, reasoning and arguments that were forwarded, bytes. */
  contentBytes = 0
  contentEvents = 0
  /** What of it had come when the usage was last told. */
  #toldAt = { bytes: 0, events: 0 }

  constructor(options: ChatStreamOptions) {
    this.#options = options
    this.#notice = options.notice
  }

  /** @throws SseOverflow when one event has no end. */
  push(chunk: Buffer) {
    for (const event of this.#decoder.push(chunk)) this.#read(event)
  }

  /** The vendor closed the stream: a last event without its blank line still counts, unless it was cut. */
  end() {
    const last = this.#decoder.finish()
    if (!last?.data || this.#over) return
    if (last.data.equals(DONE) || parseObject(last.data))
      this.#read({ raw: withBlankLine(last.raw), data: last.data })
  }

  /** The last event, for a caller whose answer is whole; some vendors leave it out. */
  get ending(): Buffer {
    return this.terminal ?? DONE_EVENT
  }

  /** What may be forwarded since the last time, in order. */
  take(): Buffer[] {
    const output = this.#output
    this.#output = []
    return output
  }

  get hasOutput(): boolean {
    return this.#output.length > 0
  }

  /** Of a stream that was to have a notice, so far. */
  get noticeFate(): NoticeFate {
    return this.#notice === null ? 'told' : this.#callsTool ? 'toolCall' : 'noText'
  }

  get #over(): boolean {
    return this.terminal !== null || this.error !== null || this.garbage
  }

  #read(event: SseEvent) {
    if (this.#over) return
    const { data } = event
    if (data === null || data.length === 0) return this.#forward(event.raw)
    if (data.length === DONE.length && data.equals(DONE)) {
      this.terminal = event.raw
      return
    }
    const finish = finishIn(data)
    const isPlain = this.begun && !this.refusing && this.#notice === null && !isBrokenOff(finish)
    if (isPlain && !MATTERS.some((key) => data.includes(key))) {
      if (finish !== null) this.#noteFinish(data)
      this.#count(data)
      return this.#forward(event.raw)
    }
    if (
      isPlain &&
      data.includes(NULL_USAGE) &&
      !data.includes(ERROR) &&
      this.#readNullUsage(event, data, finish)
    )
      return
    const chunk = parseObject(data)
    if (!chunk) {
      if (!this.begun) this.garbage = true
      else this.#forward(event.raw)
      return
    }
    const failure = failureIn(chunk)
    if (failure !== null) {
      // What it costs all the same may stand beside it.
      this.#noteUsage(chunk, data)
      this.error = failure
      return
    }
    this.#note(chunk, data, finish)
    const noticed = this.#notice === null ? null : withNotice(data, 'delta', this.#notice)
    if (noticed) this.#notice = null
    else if (this.#notice !== null) this.#callsTool ||= callsTool(chunk)
    const shown = noticed ? { raw: framed(noticed), data: noticed } : { raw: event.raw, data }
    const visible = this.#withUsageAsAsked(shown.raw, shown.data, chunk)
    if (visible) this.#forward(visible)
  }

  /** OpenAI puts `"usage":null` into every chunk once it is asked for the usage: hidden without parsing. */
  #readNullUsage(event: SseEvent, data: Buffer, finish: string | null): boolean {
    // Asked for by the caller too, nothing is hidden: there is no need to find where it stands, unless a second
    // `"usage"` might be the real one.
    if (this.#options.usageAsked && data.indexOf(USAGE) === data.lastIndexOf(USAGE)) {
      if (finish !== null) this.#noteFinish(data)
      this.#count(data)
      this.#forward(event.raw)
      return true
    }
    const scan = scanObject(data)
    const member = scan?.members.find(({ key }) => key === 'usage')
    if (!scan || !member || data.toString('latin1', member.valueStart, member.valueEnd) !== 'null')
      return false
    if (finish !== null) this.#noteFinish(data)
    this.#count(data)
    const splice = this.#options.usageAsked ? null : removeMember(scan, 'usage')
    this.#forward(splice ? framed(spliceBytes(data, [splice])) : event.raw)
    return true
  }

  #note(chunk: Record<string, unknown>, data: Buffer, finish: string | null) {
    if (typeof chunk.model === 'string' && chunk.model !== '') this.servedModel = chunk.model.slice(0, 200)
    this.serviceTier = readServiceTier(chunk.service_tier) ?? this.serviceTier
    if (finish !== null) this.#noteFinish(data)
    if (!this.begun || this.refusing) this.#hear(saidIn(chunk))
    this.#count(data)
    this.#noteUsage(chunk, data)
  }

  #noteFinish(data: Buffer) {
    const { choices } = this.#options
    if (choices === 1) {
      this.finished = true
      return
    }
    this.#ended ??= new Set()
    for (const index of finishedChoices(data)) this.#ended.add(index)
    this.finished = this.#ended.size >= choices
  }

  #noteUsage(chunk: Record<string, unknown>, data: Buffer) {
    const told = usageOf(chunk, data)
    if (!told) return
    this.usage = told
    this.#toldAt = { bytes: this.contentBytes, events: this.contentEvents }
  }

  #hear(said: Said) {
    if (said === 'content') this.refusing = false
    else if (said === 'refusal') this.refusing = true
    if (said !== null) this.begun = true
  }

  /**
   * The usage that the vendor told of what it sent. Content after its last word on it, as when that came early, is in no
   * count of the vendor's: it is added by estimate, up to the most that there can be.
   */
  told(mostOutputTokens: number): ReadUsage | null {
    const { usage } = this
    const bytes = this.contentBytes - this.#toldAt.bytes
    const events = this.contentEvents - this.#toldAt.events
    if (!usage || events === 0) return usage
    const told = usage.usage.outputTokens
    const guessed = told + Math.max(events, estimateTextTokens(bytes))
    const outputTokens = Math.max(told, Math.min(guessed, mostOutputTokens))
    return { ...usage, usage: { ...usage.usage, outputTokens }, exact: false }
  }

  /** Output so far. Most vendors send a token an event, some several: the larger count is nearer. */
  get estimatedTokens(): number {
    return Math.max(this.contentEvents, estimateTextTokens(this.contentBytes))
  }

  /** The event as the caller should see it; null when it is the usage chunk that only we asked for. */
  #withUsageAsAsked(raw: Buffer, data: Buffer, chunk: Record<string, unknown>): Buffer | null {
    if (!('usage' in chunk)) return raw
    const empty = Array.isArray(chunk.choices) && chunk.choices.length === 0
    if (!this.#options.usageAsked) {
      if (isRecord(chunk.usage)) return empty ? null : raw
      return edited(data, raw, (scan) => removeMember(scan, 'usage'))
    }
    const told = this.usage
    if (!isRecord(chunk.usage) || !told) return raw
    const cost = this.#options.quote(told, this)
    const usage = scanObject(data)?.members.find((member) => member.key === 'usage')
    const inner = usage ? scanObject(data, usage.valueStart) : null
    if (!inner) return raw
    const text = cost === null ? 'null' : JSON.stringify(cost)
    return framed(spliceBytes(data, [setMember(inner, 'gatehouse_cost_usd', text)]))
  }

  #forward(raw: Buffer) {
    const last = this.#output.at(-1)
    // Events that lie side by side in one chunk leave in one write.
    if (last && last.buffer === raw.buffer && last.byteOffset + last.length === raw.byteOffset) {
      this.#output[this.#output.length - 1] = Buffer.from(
        raw.buffer,
        last.byteOffset,
        last.length + raw.length,
      )
    } else this.#output.push(raw)
  }

  #count(data: Buffer) {
    let bytes = textBytes(data, CONTENT)
    if (bytes === 0) for (const key of OTHER_TEXT) bytes += textBytes(data, key)
    if (bytes === 0) return
    this.contentBytes += bytes
    this.contentEvents += 1
  }
}

const DONE = Buffer.from('[DONE]')
const DONE_EVENT = Buffer.from('data: [DONE]\n\n')

function parseObject(data: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(data.toString('utf8'))
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}

/** The first `finish_reason` in the event that says something: vendors put null, or an empty text, into every event. */
function finishIn(data: Buffer): string | null {
  for (let start = startOfText(data, FINISH); start !== -1; start = startOfText(data, FINISH, start)) {
    const end = endOfText(data, start)
    if (end > start) return data.toString('latin1', start, end)
  }
  return null
}

/** Indexes of the choices that an event ends. */
function finishedChoices(data: Buffer): unknown[] {
  const choices = parseObject(data)?.choices
  if (!Array.isArray(choices)) return []
  return choices.flatMap((choice, place) =>
    isRecord(choice) && choice.finish_reason ? [choice.index ?? place] : [],
  )
}

/** Length of the first string that follows `key`, as it is written; 0 where there is none. */
function textBytes(data: Buffer, key: Buffer): number {
  const start = startOfText(data, key)
  return start === -1 ? 0 : endOfText(data, start) - start
}

/** Just behind the quote that opens the first string value of `key`; -1 where there is none. */
function startOfText(data: Buffer, key: Buffer, from = 0): number {
  let at = data.indexOf(key, from)
  while (at !== -1) {
    let position = at + key.length
    while (data[position] === 0x20 || data[position] === 0x3a) position += 1
    if (data[position] === 0x22) return position + 1
    at = data.indexOf(key, position)
  }
  return -1
}

function endOfText(data: Buffer, start: number): number {
  let position = start
  while (position < data.length && data[position] !== 0x22) position += data[position] === 0x5c ? 2 : 1
  return position
}

function edited(
  data: Buffer,
  raw: Buffer,
  edit: (scan: NonNullable<ReturnType<typeof scanObject>>) => ReturnType<typeof removeMember>,
): Buffer {
  const scan = scanObject(data)
  const splice = scan ? edit(scan) : null
  return splice ? framed(spliceBytes(data, [splice])) : raw
}

/** One event. A payload over several lines is JSON, whose line ends are white space. */
function framed(data: Buffer): Buffer {
  const line = data.includes(0x0a) ? Buffer.from(data.toString('utf8').replaceAll('\n', ' ')) : data
  return Buffer.concat([DATA_PREFIX, line, BLANK_LINE])
}

const DATA_PREFIX = Buffer.from('data: ')
const BLANK_LINE = Buffer.from('\n\n')

function withBlankLine(raw: Buffer): Buffer {
  return Buffer.concat([raw, BLANK_LINE])
}
