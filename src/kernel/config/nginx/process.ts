import { costs, lost, type NginxModule, NO_CHOICE, nothing, row } from './outcome.js';

const SERVICE_MANAGER = 'the service manager sets it';

/** The main block, `events`, and the modules for other protocols than HTTP. */
export const processModule: NginxModule = {
  title: 'Main and events',
  rows: [
    row('http', nothing('its directives are written at the top level', { write: 'remove the block' })),
    row(
      'events',
      nothing('worker_connections is max_connections here', { write: 'max_connections N; at the top level' }),
    ),
    row('stream mail', lost('only HTTP is served', { write: 'remove the block' })),
    row('worker_processes', costs('one worker process runs', { write: 'workers N; or workers auto;' })),
    row(
      'worker_connections',
      costs('the limit is 10000 per worker', { write: 'max_connections N; at the top level' }),
    ),
    row(
      'load_module',
      nothing('nginx modules cannot be loaded', { write: 'load_plugin NAME; loads a plugin' }),
    ),
    row('env', costs('scripts get a minimal environment', { write: 'cgi_env NAME VALUE;' })),
    row('daemon', nothing('webserv runs in the foreground, under a service manager')),
    row(
      'master_process',
      nothing('there is always a master process', { write: 'workers N; for the number of processes' }),
    ),
    row(
      'working_directory',
      nothing('the system sets the directory of core dumps', {
        write: 'server_dir PATH; for relative paths',
      }),
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
      costs('debug logging cannot be limited to one connection', {
        write: 'error_log PATH debug; for all connections',
      }),
    ),
  ],
  families: [],
};
