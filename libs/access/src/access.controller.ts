import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsIn, IsOptional, Matches } from 'class-validator';
import { Documented, PageQuery, type Page } from '#libs/runtime';
import { CurrentCaller, RequirePermission } from './access-decorators.js';
import { AccessGroups, type AccessGroup, type AccessGroupChange } from './access-groups.js';
import type { Caller } from './caller.js';
import { GroupGrants } from './group-grants.js';
import { PERMISSIONS, type Permission, type PermissionLabel } from './permissions.js';
import { ROLES } from './roles.js';

const CODE = /^[^\s|\p{C}](?:[^|\p{C}]{0,78}[^\s|\p{C}])?$/u;
const CODE_IN_WORDS = { message: '$property must be 1 to 80 visible characters without |' };
const NAME = /^[^\s\p{C}](?:[^\p{C}]{0,198}[^\s\p{C}])?$/u;
const NAME_IN_WORDS = { message: '$property must be 1 to 200 visible characters' };

export class GroupBody {
  /** As the token's groups claim writes it. */
  @Matches(NAME, NAME_IN_WORDS)
  name!: string;

  @Matches(CODE, CODE_IN_WORDS)
  source!: string;

  @Matches(CODE, CODE_IN_WORDS)
  company!: string;

  /** Absent: the company with all its branches. */
  @IsOptional()
  @Matches(CODE, CODE_IN_WORDS)
  branch?: string;

  /** In place of those it had. */
  @ArrayMinSize(1)
  @ArrayMaxSize(200)
  @ArrayUnique()
  @IsIn(Object.keys(PERMISSIONS), {
    each: true,
    message: 'permissions holds one that is not in GET /access/permissions',
  })
  permissions!: Permission[];
}

class GroupsQuery extends PageQuery {
  @IsOptional()
  @Matches(NAME, NAME_IN_WORDS)
  name?: string;

  @IsOptional()
  @Matches(CODE, CODE_IN_WORDS)
  source?: string;

  @IsOptional()
  @Matches(CODE, CODE_IN_WORDS)
  company?: string;
}

class GroupHistoryQuery extends PageQuery {
  @IsOptional()
  @Matches(NAME, NAME_IN_WORDS)
  name?: string;
}

export interface AccessCatalogue {
  permissions: { name: string; label: PermissionLabel }[];
  /** Ready-made, named in the token's `roles`. */
  roles: { name: string; permissions: readonly string[] }[];
}

/** Who may do what in this app, beside the ready-made roles. */
@Controller('access')
@RequirePermission('access.manage')
export class AccessController {
  constructor(
    private readonly groups: AccessGroups,
    private readonly grants: GroupGrants,
  ) {}

  @Get('permissions')
  @Documented({ summary: 'Every permission with its label, and the ready-made roles' })
  catalogue(): AccessCatalogue {
    return {
      permissions: Object.entries(PERMISSIONS).map(([name, label]) => ({ name, label })),
      roles: Object.entries(ROLES).map(([name, permissions]) => ({ name, permissions })),
    };
  }

  @Get('groups')
  @Documented({ summary: 'What groups of the token issuer may do, in the companies whose access the caller manages' })
  list(@CurrentCaller() caller: Caller, @Query() query: GroupsQuery): Promise<Page<AccessGroup>> {
    return this.groups.list(caller, query);
  }

  @Get('groups/history')
  @Documented({ summary: 'Who changed which group, when, before and after; newest first' })
  history(@CurrentCaller() caller: Caller, @Query() query: GroupHistoryQuery): Promise<Page<AccessGroupChange>> {
    return this.groups.history(caller, query);
  }

  @Put('groups')
  @Documented({ summary: 'Says what a group may do in a company or branch, in place of what it might before' })
  async save(@CurrentCaller() caller: Caller, @Body() body: GroupBody): Promise<AccessGroup> {
    const saved = await this.groups.save(caller, body);
    this.grants.forget();
    return saved;
  }

  @Delete('groups/:id')
  @HttpCode(204)
  @Documented({ summary: 'Takes everything from a group in that company or branch' })
  async remove(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.groups.remove(caller, id);
    this.grants.forget();
  }
}
