/** Whatever speaks OpenAI's chat wire under an address of its own: vLLM, Ollama, TGI, llama.cpp, Groq, Mistral, DeepSeek … */
import type { OutputCap } from '../dialects/openai-chat-request.ts'
import { isRecord } from '../dialects/openai-usage.ts'
import { ONE_CAP, openai, readOpenAiEnvelope, readOpenAiErrorObject } from './openai.ts'
import type { Provider, VendorError } from './provider.ts'

/** The older name is the one that all of them read, and some of them no other. */
const BOTH_CAPS: OutputCap = { member: 'max_tokens', callers: 'doubled' }
const OLDER_CAP: OutputCap = { member: 'max_tokens', callers: 'renamed' }

export const openaiCompatible: Provider = {
  ...openai,
  kind: 'openai-compatible',
  defaultBaseUrl: null,
  outputCap({ options }) {
    if (options.outputCap === 'max_completion_tokens') return ONE_CAP
    return options.outputCap === 'max_tokens' ? OLDER_CAP : BOTH_CAPS
  },
  asksForUsage: ({ options }) => options.askForUsage !== false,
  readError: readCompatibleEnvelope,
}

/**
 * OpenAI's envelope; Ollama's and TGI's `{"error":"…"}`; vLLM's older and Mistral's `{"object":"error","message":…}`;
 * FastAPI's `{"detail":[{loc,msg,type}]}`, alone or as Mistral's message.
 */
function readCompatibleEnvelope(body: unknown): VendorError | null {
  const standard = readOpenAiEnvelope(body)
  if (standard || !isRecord(body)) return standard
  const { error, object, message } = body
  if (typeof error === 'string') return { message: error, code: null, param: null }
  if (typeof object === 'string' && object.toLowerCase() === 'error')
    return readOpenAiErrorObject(body) ?? readValidation(isRecord(message) ? message.detail : message)
  return readValidation(body.detail)
}

/** The first of what was wrong with the request. Never its `input`, which is the caller's text. */
function readValidation(detail: unknown): VendorError | null {
  const first: unknown = Array.isArray(detail) ? detail[0] : null
  if (!isRecord(first) || typeof first.msg !== 'string' || !Array.isArray(first.loc)) return null
  const param = first.loc.filter((step) => step !== 'body').join('.')
  return {
    message: param === '' ? first.msg : `${param}: ${first.msg}`,
    code: typeof first.type === 'string' ? first.type : null,
    param: param === '' ? null : param,
  }
}
