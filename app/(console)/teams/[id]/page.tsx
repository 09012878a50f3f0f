import type { Metadata } from 'next'
import { TeamDetail } from '@/components/teams/team-detail'

export const metadata: Metadata = { title: 'Team' }

export default async function TeamPage({ params }: { params: Promise<{ id: string }> }) {
  return <TeamDetail id={(await params).id} />
}
