/** Whatever speaks OpenAI's chat wire under an address of its own: vLLM, Ollama, TGI, llama.cpp, Groq, Mistral, DeepSeek … */
import type { OutputCap } from '../dialects/openai-chat-request.ts'
import { isRecord } from '../dialects/openai-usage.ts'
import { ONE_CAP, openai, readOpenAiEnvelope, readOpenAiErrorObject } from './openai.ts'
import type { Provider, VendorError } from './provider.ts'

/** The older name is the one that all of them read, and some of them no other. */
const BOTH_CAPS: OutputCap = { member: 'max_tokens', besides: true }

export const openaiCompatible: Provider = {
  ...openai,
  kind: 'openai-compatible',
  defaultBaseUrl: null,
  outputCap: ({ options }) => (options.outputCap === 'max_completion_tokens' ? ONE_CAP : BOTH_CAPS),
  readError: readCompatibleEnvelope,
}

/** OpenAI's envelope; Ollama's and TGI's `{"error":"…"}`; vLLM's older `{"object":"error","message":…}`. */
function readCompatibleEnvelope(body: unknown): VendorError | null {
  const standard = readOpenAiEnvelope(body)
  if (standard || !isRecord(body)) return standard
  if (typeof body.error === 'string') return { message: body.error, code: null, param: null }
  return body.object === 'error' ? readOpenAiErrorObject(body) : null
}
