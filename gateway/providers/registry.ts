/** The one list of vendors that this gateway carries traffic to. */
import type { ProviderKind } from '../../lib/contract/entities.ts'
import { openai } from './openai.ts'
import { openaiCompatible } from './openai-compatible.ts'
import type { Provider } from './provider.ts'
import { sandbox } from './sandbox.ts'

const PROVIDERS: Partial<Record<ProviderKind, Provider>> = {
  openai,
  'openai-compatible': openaiCompatible,
  sandbox,
}

/** Null for a kind that this gateway doesn't know (yet): a newer admin may send one. */
export function providerOf(kind: ProviderKind): Provider | null {
  return PROVIDERS[kind] ?? null
}
