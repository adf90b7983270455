import { Column, Entity, PrimaryGeneratedColumn, Unique } from 'typeorm';

/** One company's (or branch's) account at a partner, as stored. Secrets are sealed texts here and nowhere else. */
@Entity('integration')
@Unique(['source', 'company', 'branch', 'name'])
export class IntegrationEntity {
  @PrimaryGeneratedColumn('identity', { type: 'bigint' })
  id!: string;

  @Column('text')
  source!: string;

  @Column('text')
  company!: string;

  @Column('text', { nullable: true })
  branch!: string | null;

  /** The partner, as its connector names it. */
  @Column('text')
  name!: string;

  @Column('text', { name: 'display_name' })
  displayName!: string;

  @Column('boolean')
  enabled!: boolean;

  @Column('jsonb')
  settings!: Record<string, unknown>;

  @Column('jsonb')
  secrets!: Record<string, string>;

  /** Raised by `IntegrationRegistry.save`, together with the history: nothing else writes here. */
  @Column('integer')
  version!: number;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;

  @Column('text', { name: 'updated_by' })
  updatedBy!: string;
}
