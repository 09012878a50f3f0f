import type { Metadata } from 'next'
import { RevisionScreen } from '@/components/revisions/revision-screen'

export const metadata: Metadata = { title: 'Revision' }

export default async function RevisionPage({ params }: { params: Promise<{ id: string }> }) {
  return <RevisionScreen id={decodeURIComponent((await params).id)} />
}
