@echo off
rem Lock down a web and mail server

echo Creating the policy...
netsh ipsec static add policy name="Packet Filter" description="web and mail" activatedefaultrule=no
netsh ipsec static add filterlist name="Inbound web protocols"
netsh ipsec static add filter filterlist="Inbound web protocols" srcaddr=any dstaddr=131.107.1.1 protocol=TCP srcport=0 dstport=80
netsh ipsec static add filter filterlist="Inbound web protocols" srcaddr=any dstaddr=131.107.1.1 protocol=TCP ^
  srcport=0 dstport=443 description="over TLS"
netsh ipsec static add filter filterlist="Office" srcaddr=10.1.0.0 srcmask=255.255.0.0 dstaddr=me protocol=ANY mirrored=no
netsh ipsec static add filter filterlist="Office" srcaddr=10.2.0.0 srcmask=16 dstaddr=me protocol=UDP dstport=161
netsh ipsec static add filter filterlist="All inbound traffic" srcaddr=any dstaddr=131.107.1.1 >nul 2>&1
netsh ipsec static add filteraction name=Permit action=permit
netsh ipsec static add filteraction name=Block action=block
netsh ipsec static add filteraction name=Secure action=negotiate qmsecmethods="ESP[3DES,SHA1]"
NETSH.EXE IPSEC STATIC ADD RULE NAME="web" POLICY="packet filter" FILTERLIST="Inbound Web Protocols" FILTERACTION=permit
netsh ipsec static add rule name=office policy="Packet Filter" filterlist=Office filteraction=Permit kerberos=yes
netsh ipsec static add rule name=rest policy="Packet Filter" filterlist="All inbound traffic" filteraction=Block
netsh ipsec static add rule name=secure policy="Packet Filter" filterlist=Office filteraction=Secure
netsh ipsec static add rule name=dial policy="Packet Filter" filterlist=Office filteraction=Permit conntype=dialup
netsh ipsec static add rule name=off policy="Packet Filter" filterlist=Office filteraction=Permit activate=no
netsh ipsec static add filter filterlist=Office srcaddr=dns dstaddr=me
netsh ipsec static add filter filterlist=Office srcaddr=10.0.0.1 dstaddr=me protocol=TCP dstport=80000
netsh ipsec static add filter filterlist=Office srcaddr=10.0.0.1 dstaddr=me mirored=no
netsh ipsec static add filter filterlist=Office srcaddr=%OFFICE% dstaddr=me
netsh ipsec static show policy all
netsh ipsec dynamic set config property=bootmode value=stateful
netsh interface ip set address "Local Area Connection" dhcp
if errorlevel 1 goto failed
ipseccmd -w REG -p "Packet Filter" -r "Inbound/outbound mail" -f *+131.107.1.1:25:TCP -f 131.107.1.1+*:25:TCP -n PASS
ipsecpol –w REG –p "Packet Filter" –r pings –f *+131.107.1.1::ICMP –n BLOCK
ipsecpol -w REG -p "Packet Filter" -r safe -f *+131.107.1.1:500:UDP -n INPASS
ipsecpol \\other -w REG -p "Packet Filter" -x
netsh ipsec static set rule name=office policy="Packet Filter" newname="Office hosts"
netsh ipsec static delete filter filterlist=Office srcaddr=10.2.0.0 srcmask=255.255.0.0 dstaddr=me protocol=udp dstport=161
netsh ipsec static add policy name=Spare
netsh ipsec static set policy name="Packet Filter" assign=yes
:failed
