'use client'

import { Plus, X } from 'lucide-react'
import { useOptions } from '@/components/data/collection'
import { Button, IconButton } from '@/components/ui/button'
import { Combobox } from '@/components/ui/combobox'
import { Field, FieldGroup } from '@/components/ui/field'
import { Select } from '@/components/ui/select'
import { ROLE_MEANINGS, type Role, role as roleSchema } from '@/lib/resources/roles'
import type { Team } from '@/lib/resources/teams/schema'
import { ROLE_LABELS } from './role-labels'

export interface TeamRole {
  teamId: string
  role: Role
}

/** In a team there is no platform: owner and admin are roles of the deployment. */
const TEAM_ROLES: readonly Role[] = ['team-admin', 'developer', 'finance', 'viewer']

/** A role for the deployment, and roles in teams. */
export function RolesEditor({
  role,
  onRole,
  teams,
  onTeams,
  known,
  errors,
}: {
  role: Role | null
  onRole: (role: Role | null) => void
  teams: readonly TeamRole[]
  onTeams: (teams: TeamRole[]) => void
  /** Names of teams that may be on a later page. */
  known?: readonly { teamId: string; teamName: string }[]
  errors: { role?: string | undefined; teams?: string | undefined }
}) {
  const all = useOptions<Team>('/teams', { sort: 'name' })
  const options = [
    ...(all.data ?? []).map((team) => ({ value: team.id, label: team.name })),
    ...(known ?? [])
      .filter((team) => !all.data?.some((other) => other.id === team.teamId))
      .map((team) => ({ value: team.teamId, label: team.teamName })),
  ]
  const free = options.filter((option) => !teams.some((team) => team.teamId === option.value))
  const change = (index: number, next: TeamRole) =>
    onTeams(teams.map((team, at) => (at === index ? next : team)))
  return (
    <>
      <Field
        label="Role for the deployment"
        error={errors.role}
        hint={role ? ROLE_MEANINGS[role] : 'Only what the roles in teams below allow.'}
      >
        <Select value={role ?? ''} onChange={(event) => onRole((event.target.value || null) as Role | null)}>
          <option value="">None</option>
          {roleSchema.options.map((option) => (
            <option key={option} value={option}>
              {ROLE_LABELS[option]}
            </option>
          ))}
        </Select>
      </Field>
      <FieldGroup legend="Roles in teams" error={errors.teams}>
        {teams.map((team, index) => (
          <div key={team.teamId || `new-${index}`} className="flex items-end gap-2">
            <Field label={<span className="sr-only">Team {index + 1}</span>} className="flex-1">
              <Combobox
                value={team.teamId || null}
                onChange={(teamId) => change(index, { ...team, teamId })}
                placeholder="Choose a team"
                loading={all.isPending}
                options={options.filter(
                  (option) =>
                    option.value === team.teamId || free.some((other) => other.value === option.value),
                )}
              />
            </Field>
            <Field label={<span className="sr-only">Role in team {index + 1}</span>} className="w-36">
              <Select
                value={team.role}
                title={ROLE_MEANINGS[team.role]}
                onChange={(event) => change(index, { ...team, role: event.target.value as Role })}
              >
                {[...new Set([...TEAM_ROLES, team.role])].map((option) => (
                  <option key={option} value={option}>
                    {ROLE_LABELS[option]}
                  </option>
                ))}
              </Select>
            </Field>
            <IconButton
              label={`Remove team ${index + 1}`}
              onClick={() => onTeams(teams.filter((_, at) => at !== index))}
            >
              <X aria-hidden />
            </IconButton>
          </div>
        ))}
        <div>
          <Button
            size="sm"
            disabled={free.length === 0}
            onClick={() =>
              onTeams([
                ...teams,
                { teamId: free.length === 1 ? (free[0]?.value ?? '') : '', role: 'developer' },
              ])
            }
          >
            <Plus aria-hidden />
            Add a team
          </Button>
        </div>
      </FieldGroup>
    </>
  )
}

/** What each role is for. */
export function RoleMeanings() {
  return (
    <dl className="grid gap-x-4 gap-y-1.5 text-sm sm:grid-cols-[7rem_1fr]">
      {roleSchema.options.map((option) => (
        <div key={option} className="contents">
          <dt className="font-medium">{ROLE_LABELS[option]}</dt>
          <dd className="text-muted">{ROLE_MEANINGS[option]}</dd>
        </div>
      ))}
    </dl>
  )
}
