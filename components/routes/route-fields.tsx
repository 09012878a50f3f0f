'use client'

import { Card } from '@/components/ui/card'
import { CheckboxField } from '@/components/ui/checkbox'
import { Field, FieldGroup } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { RadioCards } from '@/components/ui/radio-cards'
import { Select } from '@/components/ui/select'
import { SwitchField } from '@/components/ui/switch'
import { memberAt, type RouteDocument, targetsOf, withMember } from './route-document'
import { TargetList } from './target-list'

export interface EditorProps {
  document: RouteDocument
  onChange: (document: RouteDocument) => void
  error: (path: string) => string | undefined
}

const STRATEGIES = [
  {
    value: 'priority',
    label: 'In order',
    hint: 'Each call goes to the first target. One that fails before its first token is left, and the next is tried.',
  },
  {
    value: 'weighted',
    label: 'By weight',
    hint: 'Targets of one priority share the calls by weight. When they fail, those of the next priority are tried.',
  },
]
const RETRY_REASONS = [
  { value: 'rateLimit', label: 'The vendor limits requests (429)' },
  { value: 'serverError', label: 'The vendor fails (5xx)' },
  { value: 'timeout', label: 'No first token in time' },
  { value: 'connection', label: 'No connection' },
]

export function RouteFields(props: EditorProps) {
  const { document, onChange, error } = props
  const set = (path: string, value: unknown) => onChange(withMember(document, path, value))
  const strategy = String(document.strategy ?? 'priority')
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
      <Card
        title="Targets"
        description="Who may answer, tried from top to bottom. Alt and the arrow keys move the one in focus."
      >
        <div className="flex flex-col gap-4">
          <RadioCards
            label="Strategy"
            className="sm:grid-cols-2"
            value={strategy}
            onChange={(value) => set('strategy', value)}
            options={STRATEGIES}
          />
          <TargetList
            targets={targetsOf(document)}
            strategy={strategy}
            onChange={(targets) => set('targets', targets)}
            error={error}
          />
        </div>
      </Card>
      <RetriesCard {...props} set={set} />
      <BehaviourCard {...props} set={set} />
    </>
  )
}

type SectionProps = EditorProps & { set: (path: string, value: unknown) => void }

function RetriesCard({ document, error, set }: SectionProps) {
  const reasons = (memberAt(document, 'retries.on') as string[] | undefined) ?? []
  return (
    <Card title="Retries and time">
      <div className="flex flex-col gap-4">
        <div className="grid gap-4 sm:grid-cols-2">
          <NumberField
            label="Further tries"
            hint="After the first, over all targets. A caller that has seen a token is never retried."
            path="retries.attempts"
            {...{ document, error, set }}
          />
          <FieldGroup legend="Try again when" error={error('retries.on')}>
            {RETRY_REASONS.map(({ value, label }) => (
              <CheckboxField
                key={value}
                label={<span className="text-sm">{label}</span>}
                checked={reasons.includes(value)}
                onCheckedChange={(on) =>
                  set(
                    'retries.on',
                    on === true ? [...reasons, value] : reasons.filter((other) => other !== value),
                  )
                }
              />
            ))}
          </FieldGroup>
        </div>
        <div className="grid gap-4 sm:grid-cols-3">
          <NumberField
            label="First token within, ms"
            path="timeouts.firstTokenMs"
            {...{ document, error, set }}
          />
          <NumberField label="Between events, ms" path="timeouts.idleMs" {...{ document, error, set }} />
          <NumberField label="In all, ms" path="timeouts.totalMs" {...{ document, error, set }} />
        </div>
      </div>
    </Card>
  )
}

function BehaviourCard({ document, error, set }: SectionProps) {
  const choice = (path: string) => String(memberAt(document, path) ?? '')
  return (
    <Card title="Behaviour">
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label="When the caller goes away"
          error={error('onDisconnect')}
          hint={
            choice('onDisconnect') === 'drain'
              ? 'The answer is read to its end, and paid in full.'
              : 'The vendor is told to stop; what was made until then is metered.'
          }
        >
          <Select
            value={choice('onDisconnect')}
            onChange={(event) => set('onDisconnect', event.target.value)}
          >
            <option value="abort">Stop the vendor</option>
            <option value="drain">Read to the end</option>
          </Select>
        </Field>
        <Field
          label="When a fallback answers"
          error={error('degradation.notify')}
          hint="How the caller learns that another target answered."
        >
          <Select
            value={choice('degradation.notify')}
            onChange={(event) => set('degradation.notify', event.target.value)}
          >
            <option value="header">A header says so</option>
            <option value="message">A line in the answer too</option>
            <option value="none">Nothing says so</option>
          </Select>
        </Field>
        {choice('degradation.notify') === 'message' ? (
          <Field label="The line" optional error={error('degradation.message')} className="sm:col-span-2">
            <Input
              value={choice('degradation.message')}
              onChange={(event) => set('degradation.message', event.target.value || null)}
              placeholder="Answered by a substitute model."
            />
          </Field>
        ) : null}
        <NumberField
          label="Largest output, tokens"
          hint="Empty: as the caller and the model have it."
          path="maxOutputTokens"
          nullable
          {...{ document, error, set }}
        />
        <div className="sm:col-span-2">
          <CheckboxField
            label="Allow models without a price"
            hint="Off: a call whose cost can't be known is refused."
            checked={document.allowUnpriced !== false}
            onCheckedChange={(on) => set('allowUnpriced', on === true)}
          />
        </div>
      </div>
    </Card>
  )
}

function NumberField({
  label,
  hint,
  path,
  nullable = false,
  document,
  error,
  set,
}: {
  label: string
  hint?: string
  path: string
  nullable?: boolean
  document: RouteDocument
  error: EditorProps['error']
  set: (path: string, value: unknown) => void
}) {
  const value = memberAt(document, path)
  return (
    <Field label={label} hint={hint} error={error(path)} optional={nullable}>
      <Input
        type="number"
        value={typeof value === 'number' && !Number.isNaN(value) ? value : ''}
        onChange={(event) =>
          set(path, event.target.value === '' && nullable ? null : event.target.valueAsNumber)
        }
      />
    </Field>
  )
}
