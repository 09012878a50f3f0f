/**
 * A chat completion request as OpenAI's clients send it: what the gateway acts on is typed here, the rest stays bytes.
 * What goes upstream is the same bytes with a few members replaced, so a field nobody here has heard of survives.
 */
import { isUtf8 } from 'node:buffer'
import {
  type JsonMember,
  type JsonObjectScan,
  removeMembers,
  type Splice,
  scanObject,
  setMember,
  spliceBytes,
} from '../codec/json-scan.ts'
import { GatewayError } from '../gateway-error.ts'
import { isRecord } from './openai-usage.ts'

export interface ChatRequest {
  readonly model: string
  readonly stream: boolean
  /** Whether the caller asked for the usage in the stream itself. */
  readonly usageAsked: boolean
  /** The caller's own cap on the output, where it set one. */
  readonly maxOutputTokens: number | null
  /** For the books of a call whose vendor never tells: counted from the text, not from the bytes. */
  readonly estimatedInputTokens: number
  readonly body: Buffer
  readonly scan: JsonObjectScan
  /** The body as parsed. */
  readonly fields: Readonly<Record<string, unknown>>
}

const MAX_DEPTH = 128
const MAX_MESSAGES = 5_000

/** @throws GatewayError `invalid_request` that says what is wrong, where. */
export function parseChatRequest(body: Buffer): ChatRequest {
  if (!isUtf8(body)) throw invalid('The body is not valid UTF-8.')
  const scan = scanObject(body)
  // Depth comes before parsing: what nests without end is refused without building it.
  if (scan && scan.depth > MAX_DEPTH) throw invalid(`The body nests deeper than ${MAX_DEPTH} levels.`)
  let fields: unknown
  try {
    fields = JSON.parse(body.toString('utf8'))
  } catch (error) {
    throw invalid(`The body is not valid JSON${where(error)}.`)
  }
  if (!isRecord(fields) || !scan) throw invalid('The body must be a JSON object.')
  // Parsers disagree on which of two equal keys counts: what we check must be what the vendor reads.
  const seen = new Set<string>()
  for (const { key } of scan.members) {
    if (seen.has(key)) throw invalid(`"${key.slice(0, 60)}" stands twice in the body.`, key.slice(0, 60))
    seen.add(key)
  }
  const { model, messages, stream, stream_options: streamOptions } = fields
  if (typeof model !== 'string' || model === '')
    throw invalid('"model" must be the name of a model.', 'model')
  if (model.length > 200) throw invalid('"model" is longer than 200 characters.', 'model')
  if (!Array.isArray(messages)) throw invalid('"messages" must be an array.', 'messages')
  if (messages.length === 0) throw invalid('"messages" must not be empty.', 'messages')
  if (messages.length > MAX_MESSAGES)
    throw invalid(`"messages" has more than ${MAX_MESSAGES} entries.`, 'messages')
  for (const [index, message] of messages.entries()) {
    if (!isRecord(message)) throw invalid('A message must be an object.', `messages[${index}]`)
  }
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') {
    throw invalid('"stream" must be true or false.', 'stream')
  }
  if (streamOptions !== undefined && streamOptions !== null && !isRecord(streamOptions)) {
    throw invalid('"stream_options" must be an object.', 'stream_options')
  }
  const includeUsage = isRecord(streamOptions) ? streamOptions.include_usage : undefined
  if (includeUsage !== undefined && includeUsage !== null && typeof includeUsage !== 'boolean') {
    throw invalid('"include_usage" must be true or false.', 'stream_options.include_usage')
  }
  return {
    model,
    stream: stream === true,
    usageAsked: includeUsage === true,
    maxOutputTokens: outputCap(fields, 'max_completion_tokens') ?? outputCap(fields, 'max_tokens'),
    estimatedInputTokens: estimateInputTokens(messages, fields.tools),
    body,
    scan,
    fields,
  }
}

/** Whether the answer is to be JSON, an object's or by a schema. */
export function asksForJson({ response_format: format }: Readonly<Record<string, unknown>>): boolean {
  return isRecord(format) && (format.type === 'json_object' || format.type === 'json_schema')
}

/** What the books may still ask of a request that will not be sent again: all but what makes it large. */
export function withoutContent(request: ChatRequest): ChatRequest {
  const { messages: _messages, tools: _tools, ...fields } = request.fields
  return { ...request, body: NO_BYTES, scan: NO_MEMBERS, fields }
}

const NO_BYTES = Buffer.alloc(0)
const NO_MEMBERS: JsonObjectScan = { members: [], end: 0, depth: 0 }

export interface UpstreamChat {
  readonly model: string
  readonly maxOutputTokens: number | null
  readonly outputCap: OutputCap
  /** False: the vendor refuses `stream_options`, and tells its usage without. */
  readonly asksForUsage: boolean
}

/** How a vendor is told of the cap on its output. */
export interface OutputCap {
  readonly member: 'max_completion_tokens' | 'max_tokens'
  /**
   * What becomes of a caller's cap by the other name: it stays the only one (OpenAI refuses both together), it is sent by
   * both (a server might read one alone), or it is sent by this name instead (a vendor might refuse the other).
   */
  readonly callers: 'kept' | 'doubled' | 'renamed'
}

/** The request's bytes for one target. */
export function chatBodyFor(request: ChatRequest, target: UpstreamChat): Buffer {
  const { body, scan } = request
  const splices: Splice[] = []
  const removed: string[] = []
  let added = ''
  const put = (key: Known, text: string) => {
    const member = memberOf(scan, key)
    if (member) splices.push({ start: member.valueStart, end: member.valueEnd, text })
    else added += `,"${key}":${text}`
  }
  const isRenamed = target.model !== request.model
  if (isRenamed) put('model', JSON.stringify(target.model))
  if (!target.asksForUsage) removed.push('stream_options')
  else if (request.stream && !request.usageAsked) askForUsage(request, splices, put)
  const { member, callers } = target.outputCap
  const cap = target.maxOutputTokens
  const own = CAP_MEMBERS.filter((key) => hasValue(request, key))
  let least = cap ?? Number.POSITIVE_INFINITY
  for (const key of own) least = Math.min(least, Number(request.fields[key]))
  if (callers === 'renamed') {
    removed.push(...CAP_MEMBERS.filter((key) => key !== member))
    if (least < Number.POSITIVE_INFINITY) put(member, String(least))
  } else if (cap !== null) {
    // Which of the two a vendor reads is up to the vendor: none that the caller sent may be above the cap.
    for (const key of own) if (Number(request.fields[key]) > cap) put(key, String(cap))
    if (own.length === 0 || (callers === 'doubled' && !own.includes(member))) put(member, String(least))
  }
  if (removed.length > 0) splices.push(...removeMembers(scan, removed))
  const [first] = splices
  // Beside the new name of the model, where it has one: each place costs a copy.
  if (isRenamed && first) splices[0] = { ...first, text: first.text + added }
  else if (added !== '') splices.push({ start: scan.end, end: scan.end, text: added })
  return spliceBytes(body, splices)
}

const CAP_MEMBERS = ['max_completion_tokens', 'max_tokens'] as const
/** What is put into a request. */
type Known = 'model' | 'stream_options' | (typeof CAP_MEMBERS)[number]

function memberOf({ members }: JsonObjectScan, key: Known): JsonMember | null {
  for (const member of members) if (member.key === key) return member
  return null
}

/** `stream_options.include_usage`, beside whatever else stands in there: without it a stream's usage is never told. */
function askForUsage(request: ChatRequest, splices: Splice[], put: (key: Known, text: string) => void): void {
  const member = memberOf(request.scan, 'stream_options')
  const inner = member ? scanObject(request.body, member.valueStart) : null
  if (member && inner) splices.push(setMember(inner, 'include_usage', 'true'))
  else put('stream_options', '{"include_usage":true}')
}

function hasValue({ scan, body }: ChatRequest, key: Known): boolean {
  const member = memberOf(scan, key)
  return member !== null && body.toString('latin1', member.valueStart, member.valueEnd) !== 'null'
}

function outputCap(fields: Record<string, unknown>, key: string): number | null {
  const value = fields[key]
  if (value === undefined || value === null) return null
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) {
    throw invalid(`"${key}" must be a whole number, at least 1.`, key)
  }
  return value
}

/** About four bytes a token in English; a picture costs what OpenAI's tiles do at their usual size. */
const BYTES_PER_TOKEN = 4
const TOKENS_PER_MESSAGE = 4
const TOKENS_PER_IMAGE = 765

export function estimateTextTokens(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN)
}

function estimateInputTokens(messages: unknown[], tools: unknown): number {
  let bytes = 0
  let tokens = 3
  for (const message of messages as Record<string, unknown>[]) {
    tokens += TOKENS_PER_MESSAGE
    const { content, tool_calls: toolCalls } = message
    if (typeof content === 'string') bytes += Buffer.byteLength(content)
    else if (Array.isArray(content)) {
      for (const part of content) {
        if (!isRecord(part)) continue
        if (typeof part.text === 'string') bytes += Buffer.byteLength(part.text)
        else if (part.type === 'image_url') tokens += TOKENS_PER_IMAGE
      }
    }
    if (Array.isArray(toolCalls)) bytes += JSON.stringify(toolCalls).length
  }
  if (Array.isArray(tools)) bytes += JSON.stringify(tools).length
  return tokens + estimateTextTokens(bytes)
}

function invalid(message: string, param?: string): GatewayError {
  return new GatewayError('invalid_request', { message, ...(param === undefined ? {} : { param }) })
}

/** V8 tells where it stopped, and quotes the body, which is not ours to repeat. */
function where(error: unknown): string {
  const match = /at position (\d+)/.exec(error instanceof Error ? error.message : '')
  return match ? ` (at position ${match[1]})` : ''
}
