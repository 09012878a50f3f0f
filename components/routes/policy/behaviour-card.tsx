'use client'

import { Card } from '@/components/ui/card'
import { CheckboxField } from '@/components/ui/checkbox'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Select } from '@/components/ui/select'
import { memberAt, type RouteDocument, targetsOf } from '../route-document'
import { tiersOf } from '../targets/target-order'
import { NumberField, type SectionProps } from './section'

/** What callers notice of a fallback, and what becomes of calls at the edges. */
export function BehaviourCard(props: SectionProps) {
  const { document, error, set } = props
  const choice = (path: string) => String(memberAt(document, path) ?? '')
  const notify = choice('degradation.notify')
  return (
    <Card title="Behaviour">
      <div className="grid items-start gap-4 sm:grid-cols-2">
        <Field
          label="When a fallback answers"
          error={error('degradation.notify')}
          hint="How the caller learns that another model answered."
        >
          <Select value={notify} onChange={(event) => set('degradation.notify', event.target.value)}>
            <option value="header">A header says so</option>
            <option value="message">A line in the answer too</option>
            <option value="none">Nothing says so</option>
          </Select>
        </Field>
        {notify === 'message' ? (
          <>
            <Field
              label="The line"
              optional
              error={error('degradation.message')}
              hint="Empty: it names the models."
            >
              <Input
                value={choice('degradation.message')}
                onChange={(event) => set('degradation.message', event.target.value || null)}
              />
            </Field>
            <NoticePreview document={document} />
          </>
        ) : null}
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
        <NumberField
          label="Largest output, tokens"
          hint="Empty: as the caller and the model have it."
          path="maxOutputTokens"
          nullable
          {...props}
        />
        <div className="sm:col-span-2">
          <CheckboxField
            label="Allow models without a price"
            hint="Off: targets without a price are left out, as their cost can’t be known."
            checked={document.allowUnpriced !== false}
            onCheckedChange={(on) => set('allowUnpriced', on === true)}
          />
        </div>
      </div>
    </Card>
  )
}

/** As a caller would read it. Where the route names no line, the gateway names both models. */
function NoticePreview({ document }: { document: RouteDocument }) {
  const targets = targetsOf(document)
  const [wanted, served] = tiersOf(targets).map(({ indexes }) => targets[indexes[0] ?? -1]?.model)
  const message = memberAt(document, 'degradation.message')
  const line =
    typeof message === 'string' && message !== ''
      ? message
      : `(Answered by ${served || 'a fallback'} instead of ${wanted || 'the first'}.)`
  return (
    <figure className="rounded-card border bg-sunken p-3 sm:col-span-2">
      <figcaption className="mb-1 text-xs text-muted">
        The answer begins so; never before a tool call, or where JSON is asked for.
      </figcaption>
      <p className="text-sm break-words">{line}</p>
      <p className="mt-2 text-sm text-muted">The capital of France is Paris.</p>
    </figure>
  )
}
