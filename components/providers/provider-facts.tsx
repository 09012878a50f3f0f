'use client'

import { Card } from '@/components/ui/card'
import { KeyValues } from '@/components/ui/key-values'
import { healthCheckOf } from '@/lib/contract/health-check'
import { formatDuration } from '@/lib/format/duration'
import { formatCount, formatPercent } from '@/lib/format/tokens'
import { DEFAULT_BASE_URLS, type Provider } from '@/lib/resources/providers/schema'
import { credentialName } from './credential-standing'
import { checkSentence } from './health-check-words'
import { vendorLimitExact } from './vendor-limit-words'

const OUTPUT_CAPS = {
  both: 'Sent as max_tokens and max_completion_tokens',
  max_completion_tokens: 'Sent as max_completion_tokens alone',
  max_tokens: 'Sent as max_tokens alone',
}

/** All that it is set up with, for whoever may look but not change. */
export function ProviderFacts({ provider }: { provider: Provider }) {
  const { baseUrl, kind, limits, allowPrivateNetwork, options } = provider
  const keys = provider.credentials.apiKey ?? []
  const check = healthCheckOf(provider)
  const isSandbox = kind === 'sandbox'
  const simulated = [
    options.latencyMs === undefined ? null : `first token after ${formatDuration(options.latencyMs)}`,
    options.tokensPerSecond === undefined ? null : `${formatCount(options.tokensPerSecond)} tokens a second`,
    options.failureRate === undefined ? null : `${formatPercent(options.failureRate)} of calls fail`,
  ].filter((one) => one !== null)
  return (
    <Card title="Set up as" description="Your role may look at it. An owner or admin changes it.">
      <KeyValues
        items={[
          {
            label: 'Base URL',
            value: (
              <span className="font-mono text-xs break-all">
                {baseUrl ?? DEFAULT_BASE_URLS[kind] ?? 'inside the gateway'}
              </span>
            ),
          },
          {
            label: 'API key',
            value:
              keys.length === 0
                ? 'None'
                : keys.map(({ last4 }, position) => credentialName({ last4, position })).join(', '),
            hidden: isSandbox,
          },
          { label: 'Organization', value: options.organization, hidden: !options.organization },
          { label: 'Project', value: options.project, hidden: !options.project },
          {
            label: 'Cap on the output',
            value: OUTPUT_CAPS[options.outputCap ?? 'both'],
            hidden: kind !== 'openai-compatible',
          },
          {
            label: 'Usage of streams',
            value: 'Not asked for',
            hidden: options.askForUsage !== false,
          },
          {
            label: 'Server check',
            value: check ? checkSentence(baseUrl, check) : 'Off',
            hidden: kind !== 'openai-compatible',
          },
          {
            label: 'Simulates',
            value: simulated.join(', ') || 'Each model in its own way',
            hidden: !isSandbox,
          },
          {
            label: 'Vendor allows',
            value: (
              <ul>
                {limits.map((limit) => (
                  <li key={vendorLimitExact(limit)}>{vendorLimitExact(limit)}</li>
                ))}
              </ul>
            ),
            hidden: limits.length === 0,
          },
          {
            label: 'Private networks',
            value: allowPrivateNetwork ? 'Allowed' : 'Refused',
            hidden: isSandbox,
          },
        ]}
      />
    </Card>
  )
}
