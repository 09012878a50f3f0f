/** Whatever speaks OpenAI's chat wire under an address of its own: vLLM, Ollama, TGI, llama.cpp, Groq, Mistral, DeepSeek … */
import { isRecord } from '../dialects/openai-usage.ts'
import { openai, readOpenAiEnvelope, readOpenAiErrorObject } from './openai.ts'
import type { Provider, VendorError } from './provider.ts'

export const openaiCompatible: Provider = {
  ...openai,
  kind: 'openai-compatible',
  defaultBaseUrl: null,
  // The older name is the one that all of them read.
  outputCapMember: 'max_tokens',
  readError: readCompatibleEnvelope,
}

/** OpenAI's envelope; Ollama's and TGI's `{"error":"…"}`; vLLM's older `{"object":"error","message":…}`. */
function readCompatibleEnvelope(body: unknown): VendorError | null {
  const standard = readOpenAiEnvelope(body)
  if (standard || !isRecord(body)) return standard
  if (typeof body.error === 'string') return { message: body.error, code: null, param: null }
  return body.object === 'error' ? readOpenAiErrorObject(body) : null
}
