import { costs, lost, type NginxModule, NO_CHOICE, nothing, row } from './outcome.js';

const SERVICE_MANAGER = 'the service manager sets it';

/** The main block, `events`, and the modules that are no servers of HTTP. */
export const processModule: NginxModule = {
  title: 'Main and events',
  rows: [
    row('http', nothing('its directives stand at the top level', { write: 'take the block out' })),
    row(
      'events',
      nothing('worker_connections is max_connections here', { write: 'max_connections N; at the top level' }),
    ),
    row('stream mail', lost('only HTTP is served', { write: 'take the block out' })),
    row('worker_processes', costs('one worker serves', { write: 'workers N; or workers auto;' })),
    row('worker_connections', costs('the limit is 10000', { write: 'max_connections N; at the top level' })),
    row(
      'load_module',
      nothing('modules of nginx are not loaded', { write: 'load_plugin NAME; for a plugin' }),
    ),
    row('env', costs('scripts get a clean environment', { write: 'cgi_env NAME VALUE;' })),
    row('daemon', nothing('it runs in the foreground, under the service manager')),
    row(
      'master_process',
      nothing('there is always a master', { write: 'workers N; says how many processes there are' }),
    ),
    row(
      'working_directory',
      nothing('core dumps go where the system puts them', { write: 'server_dir PATH; for relative paths' }),
    ),
    row(
      'worker_rlimit_nofile worker_rlimit_core worker_priority worker_cpu_affinity',
      nothing(SERVICE_MANAGER),
    ),
    row(
      'use multi_accept accept_mutex accept_mutex_delay lock_file thread_pool timer_resolution pcre_jit',
      nothing(NO_CHOICE),
    ),
    row(
      'debug_points worker_aio_requests epoll_events google_perftools_profiles ssl_engine',
      nothing(NO_CHOICE),
    ),
    row('ssl_object_cache_inheritable', nothing(NO_CHOICE)),
    row(
      'debug_connection',
      costs('one connection cannot be logged apart', { write: 'error_log PATH debug; for all' }),
    ),
  ],
  families: [],
};
