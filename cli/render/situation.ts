import type { Topology } from '../../services/topology/topology.ts'

/** What a topology says it is an example of, as a line under a lab that is up; none where it does not say. */
export const situationLines = ({ situation }: Pick<Topology, 'situation'>): string[] =>
  situation ? [`  situation     ${situation.title}; its topology says ${situation.fits} fits`] : []
