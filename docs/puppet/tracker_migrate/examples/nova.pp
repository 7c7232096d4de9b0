# puppet apply --modulepath docs/puppet docs/puppet/tracker_migrate/examples/nova.pp
class { 'tracker_migrate':
  source  => '/srv/wheels/tracker_migrate-0.1.0-py3-none-any.whl[operate]',
  version => '0.1.0',
}

tracker_migrate::daemon { 'nova-move':
  settings => '/srv/nova-move-settings',
  logins   => { 'new-token' => Sensitive(file('/root/new-token')) },
}
