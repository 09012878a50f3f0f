'use client'

import { apiSend } from '@/components/data/api'
import { useSaved } from '@/components/data/save'
import { ResourceForm, useResourceForm } from '@/components/resource/resource-form'
import { Dialog } from '@/components/ui/dialog'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { type Team, teamInput } from '@/lib/resources/teams/schema'

/** Makes a team, or renames `team`. */
export function TeamDialog({
  open,
  onOpenChange,
  team,
  onSaved,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  team?: { value: Team; etag: string | null }
  onSaved?: (team: Team) => void
}) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      width="sm"
      title={team ? 'Rename team' : 'Create team'}
      description={team ? undefined : 'A team is charged for what its consumers use.'}
    >
      <TeamForm team={team} onDone={() => onOpenChange(false)} onSaved={onSaved} />
    </Dialog>
  )
}

function TeamForm({
  team,
  onDone,
  onSaved,
}: {
  team: { value: Team; etag: string | null } | undefined
  onDone: () => void
  onSaved: ((team: Team) => void) | undefined
}) {
  const saved = useSaved()
  const form = useResourceForm(teamInput, { name: team?.value.name ?? '' })
  return (
    <ResourceForm
      form={form}
      submitLabel={team ? 'Rename team' : 'Create team'}
      onCancel={onDone}
      etag={team?.etag ?? null}
      onSubmit={async (values, ifMatch) => {
        const answer = team
          ? await apiSend<Team>('PATCH', `/teams/${team.value.id}`, values, { ifMatch })
          : await apiSend<Team>('POST', '/teams', values)
        // Whoever goes on to another page leaves this one: closing by the URL would undo that.
        if (onSaved) onSaved(answer.data)
        else onDone()
        saved(answer, team ? `Renamed to ${answer.data.name}` : `Created team ${answer.data.name}`)
      }}
    >
      <Field
        label="Name"
        required
        error={form.formState.errors.name?.message}
        hint="Such as Search, or Support"
      >
        <Input {...form.register('name')} autoFocus autoComplete="off" />
      </Field>
    </ResourceForm>
  )
}
