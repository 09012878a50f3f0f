import type { z } from 'zod'
import type { availableProviderKind } from '@/lib/resources/providers/schema'

export type AvailableKind = z.infer<typeof availableProviderKind>

export const KINDS: Record<
  AvailableKind,
  { label: string; hint: string; baseUrlHint: string; baseUrl: string; models: readonly string[] }
> = {
  openai: {
    label: 'OpenAI',
    hint: 'api.openai.com with an API key.',
    baseUrl: 'https://api.openai.com/v1',
    baseUrlHint: 'Empty: OpenAI’s own. Set it for a regional address.',
    models: ['gpt-4o', 'gpt-4o-mini', 'gpt-4.1', 'gpt-4.1-mini', 'gpt-5', 'gpt-5-mini', 'o4-mini'],
  },
  'openai-compatible': {
    label: 'OpenAI-compatible',
    hint: 'vLLM, Ollama, TGI, llama.cpp, Groq, Mistral, DeepSeek, OpenRouter and others.',
    baseUrl: 'http://127.0.0.1:11434/v1',
    baseUrlHint: 'As its SDK takes it, with /v1.',
    models: [],
  },
  sandbox: {
    label: 'Sandbox',
    hint: 'A simulated vendor inside the gateway: try everything offline. Its costs stay out of totals.',
    baseUrl: '',
    baseUrlHint: '',
    models: ['sandbox-small', 'sandbox-large', 'sandbox-reasoning'],
  },
}

interface Vendor {
  /** Also what a provider of it is called until somebody names it. */
  readonly name: string
  readonly label: string
  readonly baseUrl: string
  /** What it refuses, and must be set up without. */
  readonly options?: { outputCap: 'max_tokens'; askForUsage: false }
}

/** Vendors with a public address that speak OpenAI's wire; docs/vendors.md has what is their own. */
export const COMPATIBLE_VENDORS: readonly Vendor[] = [
  { name: 'deepseek', label: 'DeepSeek', baseUrl: 'https://api.deepseek.com' },
  { name: 'fireworks', label: 'Fireworks', baseUrl: 'https://api.fireworks.ai/inference/v1' },
  { name: 'groq', label: 'Groq', baseUrl: 'https://api.groq.com/openai/v1' },
  {
    name: 'mistral',
    label: 'Mistral',
    baseUrl: 'https://api.mistral.ai/v1',
    options: { outputCap: 'max_tokens', askForUsage: false },
  },
  { name: 'openrouter', label: 'OpenRouter', baseUrl: 'https://openrouter.ai/api/v1' },
  { name: 'together', label: 'Together', baseUrl: 'https://api.together.xyz/v1' },
]

export function kindLabel(kind: string): string {
  return kind in KINDS ? KINDS[kind as AvailableKind].label : kind
}
