'use client'

import type { UseFormReturn } from 'react-hook-form'
import { apiSend } from '@/components/data/api'
import { useSaved } from '@/components/data/save'
import { ResourceForm, useResourceForm } from '@/components/resource/resource-form'
import { Card } from '@/components/ui/card'
import type { ProviderLimit } from '@/lib/contract/entities'
import type { HealthCheck } from '@/lib/contract/health-check'
import {
  type Provider,
  type ProviderCredentialsPatch,
  type ProviderTest,
  providerInput,
} from '@/lib/resources/providers/schema'
import { ConnectionTest } from './connection-test'
import { patchOf } from './moved-address'
import { ProviderFields } from './provider-fields'
import type { AvailableKind } from './provider-kinds'

export interface ProviderValues {
  name: string
  kind: AvailableKind
  baseUrl: string | null
  credentials?: ProviderCredentialsPatch | undefined
  options: {
    organization?: string | undefined
    project?: string | undefined
    outputCap?: 'both' | 'max_completion_tokens' | 'max_tokens' | undefined
    askForUsage?: boolean | undefined
    healthCheck?: HealthCheck | undefined
    latencyMs?: number | undefined
    tokensPerSecond?: number | undefined
    failureRate?: number | undefined
  }
  limits: ProviderLimit[]
  allowPrivateNetwork: boolean
}
type Form = UseFormReturn<ProviderValues, unknown, unknown>

export function CreateProviderForm({
  onSaved,
  onCancel,
}: {
  onSaved: (provider: Provider) => void
  onCancel: () => void
}) {
  const saved = useSaved()
  const form = useResourceForm(providerInput, {
    name: '',
    kind: 'openai',
    baseUrl: null,
    credentials: {},
    options: {},
    limits: [],
    allowPrivateNetwork: false,
  } as ProviderValues)
  return (
    <ResourceForm
      form={form}
      submitLabel="Add provider"
      onCancel={onCancel}
      onSubmit={async (input) => {
        const answer = await apiSend<Provider>('POST', '/providers', input)
        saved(answer, `Added provider ${answer.data.name}`)
        onSaved(answer.data)
      }}
    >
      <ProviderFields form={form as unknown as Form} provider={null} />
      <Card
        title="Test connection"
        description="A gateway makes the call, on the way that production takes. Nothing is saved."
      >
        <ConnectionTest
          run={async () => {
            // What is missing shows at its field; a test of half an input would only say the same.
            if (!(await form.trigger())) return null
            const input = providerInput.parse(form.getValues())
            return (await apiSend<ProviderTest>('POST', '/providers/test', input)).data
          }}
        />
      </Card>
    </ResourceForm>
  )
}

export function EditProviderForm({ provider, etag }: { provider: Provider; etag: string | null }) {
  const saved = useSaved()
  const form = useResourceForm(patchOf(provider), valuesOf(provider))
  return (
    <ResourceForm
      form={form}
      etag={etag}
      valuesOf={(current) => valuesOf(current as unknown as Provider)}
      submitLabel="Save provider"
      onSubmit={async (input, ifMatch) => {
        const answer = await apiSend<Provider>('PATCH', `/providers/${provider.id}`, input, { ifMatch })
        saved(answer, `Saved provider ${answer.data.name}`)
        form.reset(valuesOf(answer.data))
        return answer.etag
      }}
    >
      <ProviderFields form={form as unknown as Form} provider={provider} />
      <Card title="Test connection" description="Tests what is saved, on the way that production takes.">
        <ConnectionTest
          run={async () => (await apiSend<ProviderTest>('POST', `/providers/${provider.id}/test`, {})).data}
        />
      </Card>
    </ResourceForm>
  )
}

function valuesOf(provider: Provider): ProviderValues {
  return {
    name: provider.name,
    kind: provider.kind as AvailableKind,
    baseUrl: provider.baseUrl,
    // Absent keeps what is stored.
    credentials: undefined,
    options: provider.options as ProviderValues['options'],
    limits: [...provider.limits],
    allowPrivateNetwork: provider.allowPrivateNetwork,
  }
}
