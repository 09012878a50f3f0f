'use client'

import { useOptions } from '@/components/data/collection'
import { Card } from '@/components/ui/card'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { RadioCards } from '@/components/ui/radio-cards'
import { SwitchField } from '@/components/ui/switch'
import type { Provider } from '@/lib/resources/providers/schema'
import { BehaviourCard } from './policy/behaviour-card'
import { RetriesCard } from './policy/retries-card'
import { SharingCard } from './policy/sharing-card'
import {
  type DocumentError,
  memberAt,
  type RouteDocument,
  rulesOf,
  targetsOf,
  withMember,
} from './route-document'
import { RuleList } from './rules/rule-list'
import { groupsApart, routeSentence, STRATEGIES, STRATEGY_NAMES } from './strategy-words'
import { useRouteHealth } from './targets/target-health'
import { TargetList } from './targets/target-list'

const STRATEGY_OPTIONS = STRATEGY_NAMES.map((value) => ({ value, ...STRATEGIES[value] }))

/** A route as a form. */
export function RouteFields({
  routeId,
  document,
  errors,
  onChange,
}: {
  /** Null: it is not saved yet. */
  routeId: string | null
  document: RouteDocument
  errors: readonly DocumentError[]
  onChange: (document: RouteDocument) => void
}) {
  const providers = useOptions<Provider>('/providers', { sort: 'name' })
  const health = useRouteHealth(routeId)
  const set = (path: string, value: unknown) => onChange(withMember(document, path, value))
  const error = (path: string) => errors.find((one) => one.path === path)?.message
  const strategy = String(document.strategy ?? 'priority')
  const targets = targetsOf(document)
  const rules = rulesOf(document)
  const canary = (memberAt(document, 'canary') ?? null) as { group: string; percent: number } | null
  const nameOf = ({ providerId, model }: { providerId: string; model: string }) => {
    const provider = providers.data?.find(({ id }) => id === providerId)?.name
    return `${model || 'a model to name'}${provider ? ` at ${provider}` : ''}`
  }
  const section = { document, set, error }
  return (
    <>
      <Card>
        <div className="flex flex-col gap-4">
          <Field
            label="Name"
            required
            error={error('name')}
            hint="The model name that callers ask for, such as gpt-4o or support-chat"
          >
            <Input
              value={String(document.name ?? '')}
              onChange={(event) => set('name', event.target.value)}
              className="font-mono text-sm"
              autoComplete="off"
              spellCheck={false}
            />
          </Field>
          <SwitchField
            label="On"
            hint="Off: callers get model_not_found. Nothing is deleted."
            checked={document.enabled !== false}
            onCheckedChange={(on) => set('enabled', on)}
          />
        </div>
      </Card>
      <Card title="Strategy" description="How targets of one priority share the calls.">
        <div className="flex flex-col gap-3">
          <RadioCards
            label="Strategy"
            className="sm:grid-cols-2 sm:[&>button:last-of-type]:col-span-2"
            value={strategy}
            onChange={(value) => set('strategy', value)}
            options={STRATEGY_OPTIONS}
          />
          <p className="rounded-card border bg-accent-soft px-3 py-2 text-sm break-words">
            {routeSentence({ strategy, targets, canary, rules, nameOf })}
          </p>
        </div>
      </Card>
      {strategy === 'rules' || rules.length > 0 ? (
        <Card
          title="Rules"
          description={
            strategy === 'rules'
              ? 'Read from top to bottom: the first that holds decides. Alt and the arrow keys move the one in focus.'
              : 'They are kept, but not read: the strategy is another.'
          }
        >
          <RuleList document={document} errors={errors} onChange={(next) => set('rules', next)} />
        </Card>
      ) : null}
      <Card
        title="Targets"
        description="Who may answer, asked from top to bottom. Drag one by its handle; Alt and the arrow keys move the one in focus."
      >
        <TargetList
          targets={targets}
          strategy={strategy}
          apart={groupsApart({ strategy, canary, targets })}
          providers={providers.data}
          health={health}
          onChange={(next) => set('targets', next)}
          error={error}
        />
      </Card>
      <SharingCard {...section} />
      <RetriesCard {...section} />
      <BehaviourCard {...section} />
    </>
  )
}
