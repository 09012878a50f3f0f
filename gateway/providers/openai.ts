/** OpenAI's own API. */
import type { OutputCap } from '../dialects/openai-chat-request.ts'
import { isRecord } from '../dialects/openai-usage.ts'
import type { Provider, VendorError } from './provider.ts'

/** Of OpenAI itself, and of what stands in front of it. */
export const ONE_CAP: OutputCap = { member: 'max_completion_tokens', callers: 'kept' }

export const openai: Provider = {
  kind: 'openai',
  defaultBaseUrl: 'https://api.openai.com/v1',
  outputCap: () => ONE_CAP,
  asksForUsage: () => true,
  accountHeaders({ options }, apiKey) {
    const headers: Record<string, string> = {}
    if (apiKey !== null) headers.authorization = `Bearer ${apiKey}`
    // Only from the account: a caller who could name another organization could spend its money.
    if (typeof options.organization === 'string') headers['openai-organization'] = options.organization
    if (typeof options.project === 'string') headers['openai-project'] = options.project
    return headers
  },
  readError: readOpenAiEnvelope,
}

/** `{"error":{"message","type","param","code"}}`. */
export function readOpenAiEnvelope(body: unknown): VendorError | null {
  if (!isRecord(body)) return null
  return readOpenAiErrorObject(body.error)
}

/** The object inside the envelope, as it also stands in an error event of a stream. */
export function readOpenAiErrorObject(error: unknown): VendorError | null {
  if (!isRecord(error) || typeof error.message !== 'string') return null
  return {
    message: error.message,
    code: codeIn(error),
    param: typeof error.param === 'string' ? error.param : null,
  }
}

/** A number is told only where there is no word: OpenRouter's and Mistral's are. */
function codeIn({ code, type }: Record<string, unknown>): string | null {
  if (typeof code === 'string') return code
  if (typeof type === 'string') return type
  return typeof code === 'number' ? String(code) : null
}
